"""What ``lightloop paper NAME`` and ``lightloop check NAME`` run, and the size that each lets its user choose."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from emulator.errors import ConfigError, nearest

__all__ = ["Size", "Trial", "by_name", "listing", "run_trial"]

_OPTIONS = ("--seeds", "--jobs", "--out")  # of every trial


@dataclass(frozen=True)
class Size:
    """How large a trial is: ``--<name> N`` of ``unit``; ``default`` is N where the user names none."""

    name: str
    unit: str
    default: int

    def __str__(self) -> str:
        """Return the option with its meaning, for help and for errors."""
        return f"--{self.name} N, {self.unit} ({self.default:,} unless given)"


@dataclass(frozen=True)
class Trial:
    """One trial: the word that calls it, what it is about in a line, its size, and its work.

    ``run`` takes the folder, how many seeds, the size, and how many processes may run at once.
    """

    name: str
    about: str
    size: Size
    run: Callable[[Path, int, int, int], None]


def by_name(*trials: Trial) -> dict[str, Trial]:
    """Return ``trials`` by the word that calls each."""
    return {trial.name: trial for trial in trials}


def listing(trials: Mapping[str, Trial]) -> tuple[str, ...]:
    """Return a line about each of ``trials``."""
    return tuple(f"{trial.name}: {trial.about}; {trial.size}" for trial in trials.values())


def run_trial(
    command: str,
    trials: Mapping[str, Trial],
    name: str,
    out: Path,
    seeds: int = 5,
    words: Sequence[str] = (),
    jobs: int = 2,
) -> None:
    """Run the trial ``name`` of ``command`` under ``out``/``name``; ``words`` are the options that are its own.

    Raises ``ConfigError`` on an unknown name, an option that is not its size, or a number below 1, and
    ``TaskError``, after the tables, when runs failed or a check found a fault.
    """
    if name not in trials:
        hint = nearest(name, (*trials, *_OPTIONS))
        raise ConfigError(f"{command}: {name[:60]!r} is unknown; known: {', '.join(trials)}. {hint}".strip())
    trial = trials[name]
    where = f"{command} {name}"
    size = _size(trial.size, words, where)
    for label, number in (("seeds", seeds), ("jobs", jobs), (trial.size.name, size)):
        if number < 1:
            raise ConfigError(f"{where}: {label}={number} is not allowed; allowed: >= 1")
    trial.run(out, seeds, size, jobs)


def _size(size: Size, words: Sequence[str], where: str) -> int:
    """Return the number behind the option of ``size`` in ``words``, which may hold nothing else."""
    if not words:
        return size.default
    option, equals, value = words[0].partition("=")
    rest = words[1:] if equals else words[2:]
    if option != f"--{size.name}" or rest:
        strange = option if option != f"--{size.name}" else rest[0]
        hint = nearest(strange, (*_OPTIONS, f"--{size.name}"))
        raise ConfigError(f"{where}: {strange[:60]!r} is no option; its size is {size}{hint and f'; {hint}'}")
    text = value if equals else "".join(words[1:2])
    try:
        return int(text)
    except ValueError as error:
        raise ConfigError(f"{where}: {option}={text[:60]!r} is no whole number; {size}") from error
