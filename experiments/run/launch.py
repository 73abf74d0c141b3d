"""What surrounds a run on the command line: finding the study, bad output paths, signals, exit codes.

The run itself is ``experiments.run.run.run_study``; nothing here touches emulated time.
"""

import errno
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import experiments
from emulator.bench import RunResult
from emulator.commands import Controller
from emulator.errors import ConfigError, TraceError, nearest
from emulator.trace.writing.journal import journal_path
from experiments.run.elsewhere.elsewhere import Elsewhere, called_up, places_of
from experiments.run.own.own import Own
from experiments.run.progress import ProgressLine
from experiments.run.run import Started, run_study
from experiments.run.study import Study, load_study
from experiments.run.watching.interrupts import Interrupts
from experiments.run.watching.silence import check_silence, heard_from

__all__ = [
    "Launched",
    "check_out",
    "default_out",
    "launch",
    "launch_on",
    "open_study",
    "refuse_mixed",
    "shipped_studies",
]

_DIVERGED = 3
_LONGEST_NAME = 255  # bytes, of Linux's and macOS's file systems


@dataclass(frozen=True, slots=True)
class Launched:
    """Hold a result and the exit code that the process shall leave with.

    0: complete, or a budget is spent; 3: diverged; 128 + n: ended by signal n (130 for Ctrl-C).
    """

    result: RunResult
    exit_code: int


def shipped_studies() -> tuple[str, ...]:
    """Return the names of the studies that come with Lightloop, sorted."""
    names = (entry.name for entry in (files(experiments) / "studies").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def open_study(study: str, overrides: tuple[str, ...] = (), seed: int | None = None) -> Study:
    """Return ``study``, a TOML file or the name of a shipped study, with ``overrides`` and ``seed`` on top.

    Raises ``ConfigError`` when there is no such study or a value of it is refused.
    """
    names = shipped_studies()
    is_path = study.endswith(".toml") or "/" in study or os.path.isfile(study)
    if is_path or (study not in names and study and os.path.isdir(study)):
        return load_study(study, overrides, seed)
    if study not in names:
        hint = nearest(study, names)
        known = f"a TOML file, or a shipped study: {', '.join(names)}"
        raise ConfigError(f"study {study[:80]!r} is unknown; allowed: {known}{hint and f'; {hint}'}")
    with as_file(files(experiments) / "studies" / f"{study}.toml") as path:
        return load_study(path, overrides, seed)


def default_out(study: str, seed: int) -> Path:
    """Return where the trace of ``study`` goes unless the user says otherwise."""
    return Path("out") / f"{Path(study).name.removesuffix('.toml')}-seed{seed}.h5"


def check_out(out: Path) -> None:
    """Refuse an output path at which no trace can begin; raises ``TraceError`` and writes nothing."""
    _check_name(out)
    if not out.name:
        raise TraceError(f"--out is empty or names a folder ({str(out)!r}); name a file, such as out/mine.h5")
    journal = journal_path(out)
    if out.is_dir():
        raise TraceError(f"{out}: a folder lies here; name a file with --out, such as {out / 'mine.h5'}")
    if os.path.lexists(out):
        raise TraceError(f"{out}: a file lies here already; remove it or choose another path with --out")
    if os.path.lexists(journal):
        raise TraceError(
            f"{out}: the journal of another run lies here; `lightloop inspect {out}` makes it a trace"
        )
    folder = next(parent for parent in out.absolute().parents if os.path.lexists(parent))
    if not folder.is_dir():
        raise TraceError(f"{out}: {folder} is not a folder; choose another path with --out")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise TraceError(f"{out}: the folder {folder} cannot be written; choose another path with --out")


def _check_name(out: Path) -> None:
    """Refuse what no file system takes for a name, such as one of 300 letters; raises ``TraceError``."""
    long = False
    try:
        long = bool(out.name) and len(os.fsencode(journal_path(out).name)) > _LONGEST_NAME
        os.lstat(out)
    except FileNotFoundError:
        pass
    except (ValueError, OSError) as error:
        if isinstance(error, ValueError) or error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
            raise _nameless(out, str(error.args[-1])) from error
    if long:
        raise _nameless(out, f"with its journal it is longer than {_LONGEST_NAME} bytes")


def _nameless(out: Path, why: str) -> TraceError:
    return TraceError(f"--out {str(out)[:60]!r} can be no file's name: {why}; choose another path with --out")


def launch(
    study: Study,
    out: Path,
    quiet: bool = False,
    own: Own | None = None,
    elsewhere: Elsewhere | None = None,
    silence_s: float | None = None,
) -> Launched:
    """Run ``study`` into the trace ``out``, with a progress line when stderr is a terminal and not ``quiet``.

    A controller of one's ``own`` takes the place of the study's, a bench ``elsewhere`` that of the emulated one.

    The first SIGINT or SIGTERM ends the run after the command in flight, with status "aborted"; the second
    does what it does in any Python program. An agent that asks nothing for ``silence_s`` of wall time, if that is
    given, ends the run with that status, too, and the exit code of Ctrl-C. Raises ``LightloopError`` on bad input,
    before anything is written.
    """
    check_out(out)
    if silence_s is not None:
        check_silence(silence_s)
    with ProgressLine(quiet) as progress, Interrupts() as interrupts:

        def start(started: Started) -> None:
            interrupts.obey(started.bench)
            progress.begin(started)

        def passed_on(name: str, agent: Controller) -> Controller:
            return agent if silence_s is None else heard_from(name, agent, silence_s, interrupts.stop)

        result = run_study(study, out, [progress], start, own, elsewhere=elsewhere, passed_on=passed_on)
    if result.status == "aborted":
        return Launched(result, 128 + interrupts.number)
    return Launched(result, _DIVERGED if result.status == "diverged" else 0)


def launch_on(
    benches: Sequence[str],
    dialects: Sequence[str],
    study: Study,
    out: Path,
    quiet: bool = False,
    own: Own | None = None,
    silence_s: float | None = None,
) -> Launched:
    """Launch ``study`` on the bench at URLs, spoken to in ``dialects``, or without any on an emulated bench.

    Raises ``LightloopError`` where nobody is there, or another instrument; nothing is prepared or written then.
    """
    if not benches:
        return launch(study, out, quiet, own, silence_s=silence_s)
    check_out(out)
    with called_up(*places_of(benches, dialects)) as elsewhere:
        for caution in elsewhere.cautions(study):
            sys.stderr.write(f"lightloop: caution: {caution}\n")
        return launch(study, out, quiet, own, elsewhere, silence_s)


def refuse_mixed(benches: Sequence[str], dialects: Sequence[str], dry_run: bool) -> None:
    """Raise ``ConfigError`` for a dialect that nobody is spoken to in, and a trial of what is not emulated."""
    if dialects and not benches:
        raise ConfigError(
            "--dialect is of use with --bench alone; allowed: --bench tcp://HOST:PORT --dialect NAME"
        )
    if dry_run and benches:
        raise ConfigError("--dry-run tries an emulated bench; allowed: one of --dry-run and --bench")
