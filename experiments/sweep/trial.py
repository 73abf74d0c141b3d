"""What ``lightloop paper NAME`` and ``lightloop check NAME`` run, and the size that each lets its user choose."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, NamedTuple, TypeVar

from emulator.errors import ConfigError, nearest

__all__ = ["SEEDS", "Choice", "Quick", "Size", "Trial", "by_name", "choose", "listing"]

SEEDS: Final = 5
"""Seeds of a trial whose user names no number."""

_OPTIONS = ("--seeds", "--jobs", "--out")  # of every trial

T = TypeVar("T")


class Quick(NamedTuple):
    """How small a trial is when it shall be quick: its seeds and its size."""

    seeds: int
    size: int


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
class Trial(Generic[T]):
    """One trial: the word that calls it, what it is about in a line, its size, and its work.

    ``run`` takes the folder, how many seeds, the size, and how many processes may run at once. ``quick`` is for
    trials that may be asked for in small; ``judged`` does what ``run`` does, and asks an oracle for the ceilings
    of what was run.
    """

    name: str
    about: str
    size: Size
    run: Callable[[Path, int, int, int], T]
    quick: Quick | None = None
    judged: Callable[[Path, int, int, int], T] | None = None


@dataclass(frozen=True)
class Choice(Generic[T]):
    """Hold a trial with the numbers that its user chose, all of them checked."""

    trial: Trial[T]
    seeds: int
    size: int
    jobs: int
    ceilings: bool = False

    def run(self, out: Path) -> T:
        """Run the trial under ``out``/its name."""
        work = self.trial.judged if self.ceilings and self.trial.judged is not None else self.trial.run
        return work(out, self.seeds, self.size, self.jobs)

    @property
    def shortfall(self) -> str:
        """Return in words by how much this is less than the whole trial; nothing where it is not."""
        size = self.trial.size
        if self.seeds >= SEEDS and self.size >= size.default:
            return ""
        return f"seeds {self.seeds}, {size.unit} {self.size:,}; in full seeds {SEEDS}, {size.unit} {size.default:,}"


def by_name(*trials: Trial[T]) -> dict[str, Trial[T]]:
    """Return ``trials`` by the word that calls each."""
    return {trial.name: trial for trial in trials}


def listing(trials: Mapping[str, Trial[T]]) -> tuple[str, ...]:
    """Return a line about each of ``trials``."""
    return tuple(f"{trial.name}: {trial.about}; {trial.size}" for trial in trials.values())


def choose(
    command: str,
    trials: Mapping[str, Trial[T]],
    name: str,
    seeds: int | None = None,
    words: Sequence[str] = (),
    jobs: int = 2,
    quick: bool = False,
    ceilings: bool = False,
) -> Choice[T]:
    """Return the trial ``name`` of ``command`` with its numbers; ``words`` are the options that are its own.

    ``quick`` takes the trial's small numbers where the user names none. Raises ``ConfigError`` on an unknown name,
    an option that is not its size, a number below 1, or ``ceilings`` of a trial that knows none.
    """
    if name not in trials:
        hint = nearest(name, (*trials, *_OPTIONS))
        raise ConfigError(f"{command}: {name[:60]!r} is unknown; known: {', '.join(trials)}. {hint}".strip())
    trial = trials[name]
    where = f"{command} {name}"
    small = trial.quick if quick else None
    said = _size(trial.size, words, where)
    size = said if said is not None else small.size if small else trial.size.default
    if seeds is None:
        seeds = small.seeds if small else SEEDS
    for label, number in (("seeds", seeds), ("jobs", jobs), (trial.size.name, size)):
        if number < 1:
            raise ConfigError(f"{where}: {label}={number} is not allowed; allowed: >= 1")
    if ceilings and trial.judged is None:
        known = ", ".join(word for word, other in trials.items() if other.judged is not None)
        raise ConfigError(f"{where}: --ceilings is refused: it has no chip to ask about; allowed: {known}")
    return Choice(trial, seeds, size, jobs, ceilings)


def _size(size: Size, words: Sequence[str], where: str) -> int | None:
    """Return the number behind the option of ``size`` in ``words``, which may hold nothing else."""
    if not words:
        return None
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
