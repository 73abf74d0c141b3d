"""The outcome of a replay on a terminal, in each mode, in sentences that a narrow one keeps whole."""

from dataclasses import replace

import pytest

from emulator.retiming.retime import InstrumentTotals
from experiments.replay.closed import Closed
from experiments.replay.modes import ReplayResult
from experiments.replay.rerun import Difference, Rerun
from experiments.replay.timed import MetricPair, Timed
from experiments.replay.view import show_replay
from tests.experiments.terminal import WIDTHS, missing, seen

DIGEST = "0123456789abcdef"
RERUN = Rerun(
    "rerun", "run.h5", DIGEST, None, False, Difference("commands", 7, "result", "1.5", "2.5"),
    ("numpy 2.4.0 then, 2.4.1 now",),
)  # fmt: skip
TIMED = Timed(
    "timed", "run.h5", DIGEST, "out.h5", {"seed": "5"}, 300, 4, 2e-6, 1, 100, 2.0, 0.25,
    {"val_loss": MetricPair(0.5, 0.75)},
)  # fmt: skip
CLOSED = Closed(
    "closed", "run.h5", DIGEST, None, {"host.overhead_s": "0.0"}, 300, 2.0, 8.0, 1.0, 6.0,
    {"host": 4.0, "chip": 2.0}, {"heaters.settling": 0.75, "idle": 0.25},
    {"chip": InstrumentTotals(300, 0.75, 0.0)}, "heaters.settling", ("chip.seed is another",),
)  # fmt: skip


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    ("found", "sentences"),
    [
        (
            RERUN,
            (
                "replay --mode rerun: run.h5 (0123456789ab)",
                "identical: false",
                "first difference: commands row 7, result: 1.5 then, 2.5 now",
                "software: numpy 2.4.0 then, 2.4.1 now",
            ),
        ),
        (
            TIMED,
            (
                "seed = 5",
                "300 commands: 4 issued late, by up to 2 us; 1 refused",
                "100 readings: sums differ by 0.25 rms from the recorded ones of 2 rms",
                "val_loss 0.5 0.75",
                "trace out.h5",
            ),
        ),
        (
            CLOSED,
            (
                "host.overhead_s = 0.0",
                "time 2 s 1 s x 0.5",
                "energy 8 J 6 J x 0.75",
                "Latency, re-timed",
                "idle 250 ms 25.0 %",
                "Energy, re-timed",
                "host 4 J 66.7 %",
                "binds: heaters.settling",
                "warning: chip.seed is another",
            ),
        ),
    ],
    ids=["rerun", "timed", "closed"],
)
def test_every_mode_says_what_came_out(found: ReplayResult, sentences: tuple[str, ...], width: int) -> None:
    assert missing(sentences, seen(lambda console: show_replay(found, console), width)) == []


def test_an_identical_rerun_names_no_difference() -> None:
    same = replace(RERUN, identical=True, first_difference=None)
    text = seen(lambda console: show_replay(same, console), 80)
    assert missing(["identical: true"], text) == []
    assert "first difference" not in text


def test_a_difference_outside_the_tables_has_no_row_and_may_have_no_reason() -> None:
    other = replace(RERUN, first_difference=Difference("states", -1, "best", "a", "b"), versions_differ=())
    text = seen(lambda console: show_replay(other, console), 80)
    assert missing(["states, best: a then, b now", "software: the versions are the same"], text) == []


def test_nothing_is_divided_by_a_run_that_took_no_time() -> None:
    empty = replace(CLOSED, recorded_s=0.0, recorded_j=0.0, latency_by_span_s={}, energy_by_component_j={})
    assert "x " not in seen(lambda console: show_replay(empty, console), 80)
