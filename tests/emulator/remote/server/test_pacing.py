"""Every late counts, and no more is kept than a quantile needs."""

import math

import pytest

from emulator.clock import PacedClock
from emulator.errors import ClockError
from emulator.remote.server.pacing import RealTime, Stepped


def test_a_quantile_is_that_of_all_lates() -> None:
    now = [0.0]
    pace = RealTime(1.0, wall_s=lambda: now[0])
    pace.begin(PacedClock())
    assert math.isnan(pace.late_s(0.99))
    for number in range(200_000):
        now[0] = number * 1e-3 + (4e-3 if number % 100 < 2 else 1e-3)
        pace.processed(number * 10**9)
    assert pace.overruns == 4000
    assert pace.deadlines == 200_000
    assert pace.late_s(0.5) == pytest.approx(1e-3, abs=2e-5)
    assert pace.late_s(0.98) == pytest.approx(1e-3, abs=2e-5)
    assert pace.late_s(0.99) == pytest.approx(4e-3, abs=2e-5)


def test_a_step_beyond_the_range_of_time_is_refused() -> None:
    pace = Stepped()
    pace.begin(PacedClock())
    pace.step(10)
    with pytest.raises(ClockError, match="106 days"):
        pace.step(2**63)
    assert pace.horizon_ps() == 10
