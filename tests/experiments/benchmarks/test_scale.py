"""The benchmark of steps that are timed: processes of their own, and every number that is promised."""

import pytest

from emulator.errors import LightloopError
from experiments.benchmarks.scale import measure_scale, run_scale_benchmark


def test_every_number_of_steps_is_timed_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    found = run_scale_benchmark((2, 4), rounds=1)
    assert set(found) == {"scale_2_steps_cpu_s", "scale_4_steps_cpu_s", "scale_start_cpu_s", "scale_growth"}
    assert found["scale_start_cpu_s"] > 0
    assert "from 2 to 4 steps" in capsys.readouterr().out


def test_a_process_that_fails_is_told() -> None:
    with pytest.raises(LightloopError, match="the timing process failed"):
        measure_scale(10**10)
