"""``lightloop check mutants``: twenty bugs are planted, one at a time, and the simulation is to find them.

Each is planted in a process of its own, which tries seeds of ``lightloop check --seeds`` until one fails. The same
seeds without a bug are tried first: they must pass.
"""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from emulator.errors import TaskError
from emulator.processes import child_environment, module_command
from experiments.check.planting import worker
from experiments.check.planting.bugs import BUGS
from experiments.output.files import write_text
from experiments.output.streams.standard import say
from experiments.output.tables import Column, Table, to_markdown
from experiments.sweep.trial import Size, Trial

__all__ = ["MUTANTS", "Hunt", "hunt", "run_mutants"]

_TRIES: Final = 60
_FEWEST: Final = 18
_SEED_S: Final = 60.0
_BEGIN_S: Final = 300.0
_WITHOUT: Final = "none"


class Hunt(NamedTuple):
    """Say how many seeds were tried with a bug, and what the last of them failed in; nothing if none did."""

    bug: str
    seeds: int
    found: tuple[str, ...]


def hunt(bug: str, tries: int, first: int = 0) -> Hunt:
    """Try seeds from ``first`` on with ``bug`` until one fails or ``tries`` are over.

    A process that is silent for too long was stopped by its bug, which counts as found. Raises ``TaskError`` for
    one that ends otherwise.
    """
    with tempfile.TemporaryDirectory(prefix="lightloop-mutants-") as folder:
        command = module_command(worker.__name__, bug, folder, str(first), str(first + tries - 1))
        try:
            done = subprocess.run(
                command, env=child_environment(), capture_output=True, text=True, check=False,
                timeout=_BEGIN_S + tries * _SEED_S,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Hunt(bug, tries, ("hangs",))
    if done.returncode != 0:
        raise TaskError(f"check mutants: {bug}: exit code {done.returncode}: {done.stderr.strip()[-300:]}")
    seeds, found = json.loads(done.stdout)
    return Hunt(bug, seeds, tuple(found))


def run_mutants(out: Path, seeds: int, tries: int, jobs: int) -> None:
    """Plant every bug and print what found it, under ``out``/mutants; ``seeds`` is not used.

    Raises ``TaskError`` where the seeds fail without any bug, or fewer than 18 of 20 bugs are found.
    """
    del seeds
    folder = out / "mutants"
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(jobs) as pool:
        whole, *hunts = pool.map(lambda bug: hunt(bug, tries), (_WITHOUT, *BUGS))
    text = to_markdown(_table(hunts, tries))
    say(f"{text}\n")
    write_text(folder / "mutants.md", text)
    judge(whole, hunts)


def judge(whole: Hunt, hunts: Sequence[Hunt]) -> None:
    """Raise ``TaskError`` where seeds fail without a bug, or too many bugs live."""
    if whole.found:
        raise TaskError(f"check mutants: without any bug a seed fails: {whole.found[0]}")
    living = [each.bug for each in hunts if not each.found]
    if len(hunts) - len(living) < _FEWEST:
        raise TaskError(f"check mutants: {len(living)} of {len(hunts)} bugs live: {', '.join(living)}")


def _table(hunts: Sequence[Hunt], tries: int) -> Table:
    columns = Column("bug"), Column("what is wrong"), Column("seeds until it was found"), Column("found by")
    rows = tuple(
        (each.bug, BUGS[each.bug].wrong, each.seeds if each.found else "not found", _by(each))
        for each in hunts
    )
    found = sum(bool(each.found) for each in hunts)
    note = f"{found} of {len(hunts)} bugs were found, each within {tries} seeds from 0 on, which pass without any."
    return Table("Bugs that were planted", columns, rows, (note,))


def _by(each: Hunt) -> str:
    """Return the first thing that did not hold, and how many other things did not."""
    if not each.found:
        return ""
    more = f" (and {len(each.found) - 1} more)" if len(each.found) > 1 else ""
    return " ".join(each.found[0].split())[:90].replace("|", "/") + more


MUTANTS: Final = Trial(
    "mutants", "does the simulation find bugs that are planted", Size("tries", "seeds for each bug", _TRIES),
    run_mutants,
)  # fmt: skip
