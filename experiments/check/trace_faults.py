"""``lightloop check faults``: traces and journals that were cut short or have one bit flipped.

Every damaged trace must be refused with a ``TraceError``, or read exactly as it was written. Every damaged journal
must be refused because its header is gone, or recover to what its undamaged blocks in front of the damage hold: the
same as a journal that ends there. The runs are real: a small recovery at every detail.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

import numpy as np

from emulator.errors import TaskError, TraceError
from emulator.streams import stream
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import Trace
from emulator.trace.reading.views import columns
from emulator.trace.schema import DETAILS, TABLES, Detail
from emulator.trace.writing.finalize import finalize
from emulator.trace.writing.journal import JournalReader, journal_path
from emulator.trace.writing.recover import part_path
from experiments.check.determinism import vowel_study
from experiments.output.files import write_text
from experiments.output.tables import Column, Table, to_markdown
from experiments.run.run import run_study
from experiments.sweep.trial import Size, Trial

__all__ = [
    "DAMAGES",
    "FAULTS",
    "Damage",
    "Tally",
    "damage_journal",
    "damage_trace",
    "fingerprint",
    "run_faults",
]

_DAMAGES_EACH: Final = 1000
_QUERIES: Final = 200

Damage = Callable[[bytes, np.random.Generator], tuple[bytes, int]]
"""Returns damaged bytes, and how many of them from the front on are as they were."""


def _cut(whole: bytes, rng: np.random.Generator) -> tuple[bytes, int]:
    length = int(rng.integers(0, len(whole)))
    return whole[:length], length


def _flip(whole: bytes, rng: np.random.Generator) -> tuple[bytes, int]:
    at, bit = int(rng.integers(0, len(whole))), int(rng.integers(0, 8))
    return whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :], at


DAMAGES: Final = (("truncations", _cut), ("bit flips", _flip))
"""What is done to a file, by name."""


@dataclass(frozen=True)
class Tally:
    """Count what became of damaged files; ``faults`` tell of those that read as something else, or crashed."""

    what: str
    damage: str
    refused: int
    as_written: int
    faults: tuple[str, ...]

    @property
    def count(self) -> int:
        """Return how many files were damaged."""
        return self.refused + self.as_written + len(self.faults)


def fingerprint(trace: Trace) -> bytes:
    """Return a digest of all that ``trace`` says but why it ended; raises ``TraceError`` when it is damaged.

    The reason is left out because a recovery counts the bytes of the block that it drops.
    """
    state = blake2b(digest_size=32)
    facts = (
        trace.created, trace.status, trace.seed, trace.versions, trace.detail, trace.elapsed_ps, trace.queries,
        trace.config_digest, trace.config_text, trace.states,
    )  # fmt: skip
    state.update(repr(facts).encode())
    for table in TABLES:
        for column, values in columns(trace, table.name):
            name = f"{table.name}.{column.name}"
            names = trace.labels(name) if column.vocabulary else ()
            state.update(repr((name, len(values), names)).encode())
            state.update(values.tobytes())
    for name in trace.states:
        array = trace.state(name)
        state.update(repr((name, array.dtype.str, array.shape)).encode())
        state.update(array.tobytes())
    return state.digest()


def damage_trace(path: Path, damage: tuple[str, Damage], count: int, folder: Path, seed: int = 0) -> Tally:
    """Damage copies of the finished trace ``path`` in ``folder``, and count what reading them gives."""
    with open_trace(path) as trace:
        expected, reason = fingerprint(trace), trace.reason
    victim = folder / "damaged.h5"

    def read(_intact: int) -> str | None:
        with open_trace(victim) as trace:
            return None if (fingerprint(trace), trace.reason) == (expected, reason) else "silently different"

    return _tally(f"trace {path.stem}", path.read_bytes(), victim, damage, count, seed, read)


def damage_journal(path: Path, damage: tuple[str, Damage], count: int, folder: Path, seed: int = 0) -> Tally:
    """Damage copies of the journal ``path`` in ``folder``, and count what recovering them gives.

    The conversion runs in this process instead of in a child, so that thousands take minutes.
    """
    whole = path.read_bytes()
    ends = _block_ends(path)
    out = folder / "damaged.h5"
    victim = journal_path(out)
    expected: dict[int, bytes] = {}

    def recovered() -> bytes:
        with suppress(FileNotFoundError):
            part_path(out).unlink()
        try:
            finalize(victim, out)
            with open_trace(out) as trace:
                return fingerprint(trace)
        finally:
            out.unlink(missing_ok=True)

    def read(intact: int) -> str | None:
        end = max((end for end in ends if end <= intact), default=0)
        try:
            found = recovered()
        except TraceError:
            if end == 0:
                raise
            return "refused although its header is whole"
        if end == 0:
            return "recovered without a header"
        if end not in expected:
            victim.write_bytes(whole[:end])
            expected[end] = recovered()
        return None if found == expected[end] else "recovered as something else than its undamaged blocks"

    return _tally(f"journal {path.stem}", whole, victim, damage, count, seed, read)


def _block_ends(journal: Path) -> list[int]:
    with journal.open("rb") as file:
        reader = JournalReader(file, journal.name)
        return [reader.valid_bytes for _ in reader]


def _tally(
    what: str,
    whole: bytes,
    victim: Path,
    damage: tuple[str, Damage],
    count: int,
    seed: int,
    read: Callable[[int], str | None],
) -> Tally:
    """Damage ``whole`` anew each time, put it at ``victim``, and count how ``read`` fares."""
    rng = stream(seed, f"paper/faults/{what}/{damage[0]}")
    refused = as_written = 0
    faults = []
    for number in range(count):
        damaged, intact = damage[1](whole, rng)
        victim.write_bytes(damaged)
        try:
            fault = read(intact)
        except TraceError:
            refused += 1
            continue
        except Exception as error:  # noqa: BLE001  (any other error is what is looked for)
            fault = f"{type(error).__name__}: {error}"
        if fault is None:
            as_written += 1
        else:
            faults.append(f"{what}, {damage[0]} number {number} (byte {intact}): {fault}")
    victim.unlink(missing_ok=True)
    return Tally(what, damage[0], refused, as_written, tuple(faults))


def record_specimen(folder: Path, detail: Detail, queries: int, seed: int) -> tuple[Path, Path]:
    """Run a small recovery at ``detail``; return its trace and its whole journal, footer included."""
    study = vowel_study(queries, seed)
    study = study.model_copy(update={"trace": study.trace.model_copy(update={"detail": detail})})
    out, kept = folder / f"{detail}.h5", folder / f"{detail}.journal"
    # The second name keeps the journal alive when its conversion deletes it.
    run_study(study, out, on_start=lambda _: os.link(journal_path(out), kept))
    return out, kept


def run_faults(out: Path, seeds: int, queries: int, jobs: int, count: int = _DAMAGES_EACH) -> None:
    """Damage traces and journals of every detail ``count`` times each way, and print what became of them.

    ``seeds`` runs share the damages out among them; ``jobs`` is accepted for the sake of the command line, and one
    process does all. Raises ``TaskError`` when a damaged file read as something else than was written, or crashed
    the reader in another way than a ``TraceError``.
    """
    folder = out / "faults"
    folder.mkdir(parents=True, exist_ok=True)
    tallies: list[Tally] = []
    each = -(-count // seeds)
    for seed in range(seeds):
        for detail in DETAILS:
            with tempfile.TemporaryDirectory(dir=folder) as place:
                trace, journal = record_specimen(Path(place), detail, queries, seed)
                for damage in DAMAGES:
                    tallies.append(damage_trace(trace, damage, each, Path(place), seed))
                    tallies.append(damage_journal(journal, damage, each, Path(place), seed))
                    print(f"check faults: {detail}, {each} {damage[0]} done", file=sys.stderr, flush=True)
    text = to_markdown(_table(tallies))
    print(text)
    write_text(folder / "faults.md", text)
    if faults := [fault for tally in tallies for fault in tally.faults]:
        raise TaskError(f"check faults: {len(faults)} damaged files were not told, first: {faults[0]}")


def _table(tallies: Sequence[Tally]) -> Table:
    headings = (
        Column("file"), Column("damage"), Column("files"), Column("refused"), Column("read as written"),
        Column("silently different or crashed"),
    )  # fmt: skip
    rows = tuple(
        (one.what, one.damage, one.count, one.refused, one.as_written, len(one.faults)) for one in tallies
    )
    note = (
        "A journal is read as written when it recovers to its undamaged blocks; it is refused when its header is "
        "damaged."
    )
    return Table(
        "Damaged traces and journals", headings, rows, (note, *(f for one in tallies for f in one.faults))
    )


FAULTS: Final = Trial(
    "faults",
    "are cut and flipped traces told",
    Size("queries", "queries of the damaged run", _QUERIES),
    run_faults,
)
