"""A result keeps its context through views, copies and processes."""

import copy
from multiprocessing import Pipe

import numpy as np
import pytest

from emulator.adapters.lightonml.context_array import ContextArray, ProjectionContext
from emulator.adapters.lightonml.opu import OPU


@pytest.fixture
def result(binary: np.ndarray) -> ContextArray:
    return OPU(n_components=5000).fit_transform1d(binary)


def test_a_view_and_a_copy_keep_the_context(result: ContextArray) -> None:
    for other in (result[3:5], result.astype(np.float64), copy.deepcopy(result), result.copy()):
        assert isinstance(other, ContextArray)
        assert other.context == result.context


def test_a_result_that_goes_to_another_process_keeps_the_context(result: ContextArray) -> None:
    here, there = Pipe()
    here.send(result[:2])
    came = there.recv()
    assert isinstance(came, ContextArray)
    assert came.context == result.context
    assert np.array_equal(came, result[:2])


def test_an_array_of_another_origin_has_no_context() -> None:
    assert np.zeros(3).view(ContextArray).context is None


def test_the_context_tells_times_regions_and_mirrors(result: ContextArray, binary: np.ndarray) -> None:
    context = result.context
    assert isinstance(context, ProjectionContext)
    assert (context.exposure_us, context.frametime_us, context.gain_dB) == pytest.approx((400, 500, 0))
    assert context.output_roi == (
        (0, 542),
        (2040, 3),
    )  # 5000 pixels are 3 rows of 2040, in the middle of 1088
    assert context.input_roi == ((0, 0), (912, 1140))
    assert context.fmt_factor == 912 * 1140 // 60
    assert context.n_ones == round(binary.sum(axis=1).mean() * context.fmt_factor)
    assert (context.frames, context.saturated) == (40, 0)
    assert context.end - context.start == pytest.approx(context.elapsed_s)
