"""What a journal says besides its rows: a run that was killed counts its queries as its bench did."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emulator.bench import Bench
from emulator.commands import Compute, Controller, Forward, Project
from emulator.instruments.host.config import HostConfig
from emulator.trace import Header, Recorder
from emulator.trace.open import open_trace
from emulator.trace.writing.survey import queries_served
from tests.builders import ideal_chip, random_batch, random_design
from tests.opu_lab import DESIGN, random_vectors, small_opu

SIZES = (6, 5, 3)


def die(recorder: Recorder, *ending: object) -> None:
    """Leave the journal as a writer leaves it that is killed: without a word about the run's end."""
    recorder.commit()
    recorder._journal.close()


def looker() -> Controller:
    for _ in range(3):
        yield Forward(random_batch(4, SIZES[0]))


def projector() -> Controller:
    """Project 5, 1 and twice 7 vectors, one of which is dark; the last two share a plan."""
    seven = random_vectors(7)
    seven[3] = 0.0
    for vectors in (random_vectors(5), random_vectors(1), seven, seven):
        yield Compute(1000, 1000)
        yield Project(vectors)


def computer() -> Controller:
    for _ in range(6):
        yield Compute(1000, 1000)


def chip_and_opu(out: Path) -> Bench:
    recorder = Recorder.create(out, Header.now("", 0))
    chip, design = ideal_chip(), random_design(SIZES)
    return Bench(chip, design, 0, recorder=recorder, opu=small_opu(), opu_design=DESIGN)


def opu_alone(out: Path) -> Bench:
    recorder = Recorder.create(out, Header.now("", 0))
    return Bench(None, None, 0, recorder=recorder, opu=small_opu(), opu_design=DESIGN)


def host_alone(out: Path) -> Bench:
    return Bench(None, None, 0, HostConfig(), recorder=Recorder.create(out, Header.now("", 0)))


@pytest.mark.parametrize(
    ("build", "agents", "queries"),
    [
        (opu_alone, (projector,), 5 + 1 + 7 + 7),
        (chip_and_opu, (looker, projector), 3),
        (chip_and_opu, (projector,), 0),
        (host_alone, (computer,), 6),
    ],
)
def test_a_killed_run_has_the_queries_that_its_bench_had_counted(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    build: Callable[[Path], Bench],
    agents: tuple[Callable[[], Controller], ...],
    queries: int,
) -> None:
    bench = build(tmp_path / "run.h5")
    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "close", die)
        result = bench.run({agent.__name__: agent() for agent in agents})
    assert result.queries == queries
    with open_trace(tmp_path / "run.h5") as trace:
        assert (trace.status, trace.queries) == ("killed", queries)
        assert trace.elapsed_ps == int(np.max(trace.commands.t_done))


def test_a_run_that_was_killed_before_its_first_block_has_no_queries() -> None:
    assert queries_served({}, 0) == 0
