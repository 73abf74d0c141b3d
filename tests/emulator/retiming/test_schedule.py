"""New times of two agents at one instrument, worked out by hand."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from emulator.commands import Controller, Settle
from emulator.errors import ClockError
from emulator.units import LAST_PS
from tests.emulator.retiming.retiming_lab import chip_lab, configured, retimed, run

OWN_PS = 1000
"""What the second agent's settling lasts, whatever the chip's configuration says."""


def patient() -> Controller:
    yield Settle()
    yield Settle()
    yield Settle()


def hasty() -> Controller:
    yield Settle(OWN_PS)


def agents() -> Mapping[str, Controller]:
    return {"patient": patient(), "hasty": hasty()}


@pytest.mark.parametrize("settle_ps", [7_000, 21_000])
def test_commands_queue_in_the_order_in_which_they_came(tmp_path: Path, settle_ps: int) -> None:
    """The hasty one comes second, and the patient one's next command queues behind it."""
    lab = chip_lab()
    new = configured(lab, "chip", "heaters", settle_s=settle_ps * 1e-12)
    found = retimed(run(lab, agents, tmp_path / "run.h5"), lab, new)
    s, t = settle_ps, settle_ps + OWN_PS
    assert found.times.t_issued.tolist() == [0, 0, s, t + s]
    assert found.times.t_started.tolist() == [0, s, t, t + s]
    assert found.times.t_done.tolist() == [s, t, t + s, t + 2 * s]
    assert found.elapsed_ps == t + 2 * s
    chip = found.by_instrument["chip"]
    assert chip.commands == 4
    assert chip.served_s == pytest.approx((3 * s + OWN_PS) * 1e-12)
    assert chip.waited_s == pytest.approx((s + OWN_PS) * 1e-12)


def lonely(commands: int) -> Callable[[], Mapping[str, Controller]]:
    def agent() -> Controller:
        for _ in range(commands):
            yield Settle()

    return lambda: {"lonely": agent()}


@pytest.mark.parametrize("settle_s", [1.0, 2e6, 4.6e6, 9.2e6])
@pytest.mark.parametrize("commands", [1, 2, 4])
def test_a_re_timing_reaches_the_end_of_time_exactly_as_a_run_does(
    tmp_path: Path, settle_s: float, commands: int
) -> None:
    lab = chip_lab()
    recorded, new = (
        run(lab, lonely(commands), tmp_path / "a.h5"),
        configured(lab, "chip", "heaters", settle_s=settle_s),
    )
    told = []
    for attempt in (
        lambda: round(run(new, lonely(commands), tmp_path / "b.h5").result.elapsed_s * 1e12),
        lambda: retimed(recorded, lab, new).elapsed_ps,
    ):
        try:
            told.append((attempt(), ""))
        except ClockError as error:
            told.append((None, str(error).partition("lies beyond")[2]))
    assert told[0] == told[1]
    assert (told[0][0] is None) == (commands * settle_s * 1e12 > LAST_PS)
    assert told[0][0] is not None or "106 days" in told[0][1]
