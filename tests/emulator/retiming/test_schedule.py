"""New times of two agents at one instrument, worked out by hand."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from emulator.commands import Controller, Settle
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
