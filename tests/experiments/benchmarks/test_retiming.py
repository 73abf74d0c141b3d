"""The benchmark of re-timing: its long trace is made of a short one, and its numbers are there."""

from pathlib import Path

import numpy as np
import pytest

from emulator.retiming.retime import load_recording, retime
from emulator.trace.open import open_trace
from experiments.benchmarks.retiming import measure_retiming, repeat_trace
from experiments.run.laboratory import laboratory
from experiments.run.study import Study


@pytest.fixture
def long_trace(small_trace: Path, small_study: Study, tmp_path: Path) -> Path:
    repeat_trace(small_study, small_trace, tmp_path / "long.h5", 5)
    return tmp_path / "long.h5"


def test_a_repeated_trace_is_that_of_one_long_run(
    long_trace: Path, small_trace: Path, small_study: Study
) -> None:
    with open_trace(small_trace) as short, open_trace(long_trace) as long:
        assert (long.elapsed_ps, long.queries) == (5 * short.elapsed_ps, 5 * short.queries)
        lab = laboratory(small_study, long)
        found = retime(load_recording(long, lab), lab)
        np.testing.assert_array_equal(found.times.t_done, long.commands.t_done)
        assert found.recording.sequential
        assert found.warnings == ()


def test_one_process_retimes_and_says_what_it_took(long_trace: Path) -> None:
    cost = measure_retiming(long_trace, verify=True)
    with open_trace(long_trace) as trace:
        assert cost.commands == len(trace.commands.plan)
    assert min(cost.cpu_s, cost.load_s, cost.retime_s, cost.again_s, cost.peak_mb) > 0
    assert cost.answer_s == cost.load_s + cost.retime_s


def test_the_memory_of_a_process_is_not_that_of_the_one_it_came_from(long_trace: Path) -> None:
    held = np.ones(2**26)  # 512 MiB
    assert measure_retiming(long_trace, verify=False).peak_mb < 1e-6 * held.nbytes
