"""``lightloop check attack``: what honest clients of a served bench bear while others attack it.

A bench is served in a process of its own; four honest clients ask and judge every answer, while another process
floods the server on loopback in every manner of ``flood.py``.
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import numpy as np

from emulator.errors import TaskError
from emulator.remote.server.limits import Limits
from experiments.check.attacking.attacked import Attacked, Vitals, served
from experiments.check.attacking.flood import MANNERS, Load, attack
from experiments.check.attacking.honest import Honest
from experiments.output.files import write_text
from experiments.output.streams.standard import say
from experiments.output.tables import Cell, Column, Table, to_markdown
from experiments.sweep.trial import Size, Trial

__all__ = ["ATTACK", "Outcome", "attack_once", "judge", "run_attack"]

_SECONDS: Final = 20
_HONEST: Final = 4
_WARM_UP_S: Final = 1.0
_LOOK_S: Final = 0.1
_SETTLED_S: Final = 30.0  # assumed: the server has let all attackers go by then
_MOST_P99_S: Final = 0.05
_MOST_GROWTH_MB: Final = 50.0


@dataclass(frozen=True)
class Outcome:
    """Hold what one attack came to; ``attackers`` are connections and bytes by manner."""

    waits_s: tuple[float, ...]
    errors: tuple[str, ...]
    before: Vitals
    after: Vitals
    room: int
    fault: str
    attackers: dict[str, tuple[int, int]]

    @property
    def p99_s(self) -> float:
        """Return what 99 % of the honest clients' waits are below."""
        return float(np.quantile(self.waits_s, 0.99)) if self.waits_s else float("inf")

    @property
    def growth_mb(self) -> float:
        """Return by how much the server's memory was larger at most than before the attack."""
        return self.after.peak_mb - self.before.peak_mb

    @property
    def leaked(self) -> int:
        """Return descriptors and threads that the attackers left, and places of clients that stayed taken."""
        lost = Limits().clients - self.room
        return sum(max(0, a - b) for a, b in zip(self.after[2:], self.before[2:], strict=True)) + lost


def attack_once(folder: Path, seconds: float, load: Load, seed: int) -> Outcome:
    """Serve a bench, attack it for ``seconds``, and return what honest clients saw of it."""
    with (
        served(folder / f"attacked{seed}.h5", seed) as server,
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
    ):
        pool.submit(int).result()
        _warm_up(server)
        before = server.vitals()
        honest = [Honest(server.port) for _ in range(_HONEST)]
        for one in honest:
            one.begin()
        attackers = pool.submit(attack, server.port, seconds, load, seed).result()
        for one in honest:
            one.end()
        room, after = _settled(server, before)
        return Outcome(
            tuple(wait for one in honest for wait in one.waits_s),
            tuple(error for one in honest for error in one.errors),
            before, after, room, server.end(), attackers,
        )  # fmt: skip


def _warm_up(server: Attacked) -> None:
    """Let a client ask for a while: what the first questions load is no growth."""
    client = Honest(server.port)
    client.ask_all()
    client.begin()
    time.sleep(_WARM_UP_S)
    client.end()
    server.room()


def _settled(server: Attacked, before: Vitals) -> tuple[int, Vitals]:
    """Return how many new clients find room, and what the server holds, when it has let the attackers go."""
    deadline_s = time.monotonic() + _SETTLED_S
    while True:
        room, after = server.room(), server.vitals()
        whole = room == Limits().clients and after.descriptors <= before.descriptors
        if whole or time.monotonic() > deadline_s:
            return room, after
        time.sleep(_LOOK_S)


def run_attack(out: Path, seeds: int, seconds: int, jobs: int) -> None:
    """Attack ``seeds`` benches for ``seconds`` each and print under ``out``/attack; ``jobs`` is not used.

    Raises ``TaskError`` when a target is missed.
    """
    del jobs
    folder = out / "attack"
    folder.mkdir(parents=True, exist_ok=True)
    found: list[Outcome] = []
    for seed in range(seeds):
        print(f"check attack: seed {seed}, {seconds} s", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(dir=folder) as place:
            found.append(attack_once(Path(place), seconds, Load(), seed))
    text = "\n".join(map(to_markdown, (_table(found, seconds), _attackers(found))))
    say(f"{text}\n")
    write_text(folder / "attack.md", text)
    judge(found)


def _table(found: Sequence[Outcome], seconds: int) -> Table:
    columns = (
        Column("seed"), Column("honest answers"), Column("errors"), Column("median (ms)", 2, 1e3),
        Column("p99 (ms)", 1, 1e3), Column("longest (ms)", 1, 1e3), Column("memory before (MB)", 1),
        Column("growth at most (MB)", 1), Column("growth at the end (MB)", 1), Column("left open"),
        Column("trace", words=True),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (
            seed, len(one.waits_s), len(one.errors), float(np.median(one.waits_s)), one.p99_s, max(one.waits_s),
            one.before.memory_mb, one.growth_mb, one.after.memory_mb - one.before.memory_mb, one.leaked,
            one.fault or "whole",
        )
        for seed, one in enumerate(found)
    ]  # fmt: skip
    notes = (
        f"{seconds} s each; {_HONEST} honest clients ask four questions 100 times a second at most, one of them "
        "light through the chip, and were there first",
        f"left open: descriptors, threads and places of clients; targets: 0 errors, p99 at most "
        f"{_MOST_P99_S * 1e3:g} ms, growth at most {_MOST_GROWTH_MB:g} MB, nothing left open, "
        "a whole trace after SIGTERM",
    )
    return Table("Honest clients under attack", columns, tuple(rows), notes)


def _attackers(found: Sequence[Outcome]) -> Table:
    columns = (Column("attackers", words=True), Column("connections"), Column("sent (MB)", 1, 1e-6))
    rows: list[tuple[Cell, ...]] = []
    for manner in MANNERS:
        made, sent = (sum(one.attackers[manner][each] for one in found) for each in (0, 1))
        rows.append((manner, made, float(sent)))
    return Table("What attacked them, all seeds", columns, tuple(rows))


def judge(found: Sequence[Outcome]) -> None:
    """Raise ``TaskError`` naming the first target that was missed."""
    for seed, one in enumerate(found):
        for missed, words in (
            (one.errors, f"{len(one.errors)} errors of honest clients, first: {''.join(one.errors[:1])}"),
            (not one.p99_s <= _MOST_P99_S, f"p99 {one.p99_s * 1e3:.1f} ms; at most {_MOST_P99_S * 1e3:g}"),
            (one.growth_mb > _MOST_GROWTH_MB, f"grew by {one.growth_mb:.1f} MB; at most {_MOST_GROWTH_MB:g}"),
            (one.leaked, f"{one.leaked} descriptors, threads or places left open; allowed: 0"),
            (one.fault, f"the trace: {one.fault}"),
        ):  # fmt: skip
            if missed:
                raise TaskError(f"check attack: seed {seed}: missed: {words}")


ATTACK: Final = Trial(
    "attack", "what honest clients of a served bench bear while others attack it",
    Size("seconds", "seconds of an attack", _SECONDS), run_attack,
)  # fmt: skip
