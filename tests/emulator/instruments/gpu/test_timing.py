"""What a kernel takes: against a count by hand, and the laws that a roofline keeps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.instruments.gpu.config import GpuConfig
from emulator.instruments.gpu.timing import kernel_time

PLAIN = GpuConfig(
    flops_per_s=1e12,
    half_flops_per_s=4e12,
    arithmetic_efficiency=0.5,
    bytes_per_s=1e11,
    memory_efficiency=0.8,
    launch_s=1e-5,
    summed_s=1e-8,
    made_s=1e-9,
    pcie_bytes_per_s=1e10,
    pcie_latency_s=2e-6,
    interconnect_bytes_per_s=1e10,
)
amounts = st.integers(0, 10**15)


def with_keys(**keys: object) -> GpuConfig:
    return PLAIN.model_copy(update=keys)


def test_arithmetic_and_traffic_overlap_and_launches_come_on_top() -> None:
    time = kernel_time(PLAIN, {"flops": 10**9, "bytes": 10**6, "launches": 3})
    assert time.arithmetic_s == pytest.approx(2e-3)
    assert time.memory_s == pytest.approx(1.25e-5)
    assert time.total_s == pytest.approx(2e-3 + 3e-5)


def test_half_precision_has_a_rate_of_its_own() -> None:
    assert kernel_time(PLAIN, {"flops": 10**9, "half": 1}).arithmetic_s == pytest.approx(0.5e-3)


def test_one_vector_is_summed_up_in_turn_and_its_outputs_are_made_in_turn() -> None:
    tall = kernel_time(PLAIN, {"bytes": 4 * 10**6, "summed": 10**6, "made": 1})
    wide = kernel_time(PLAIN, {"bytes": 4 * 10**6, "summed": 1, "made": 10**7})
    assert (tall.memory_s, wide.memory_s) == (pytest.approx(1e-2), pytest.approx(1e-2))


def test_weights_cross_only_where_they_are_offloaded_and_as_often_as_asked_for() -> None:
    work = {"weights": 10**7}
    assert kernel_time(PLAIN, work).pcie_s == 0.0
    once = kernel_time(with_keys(offload=True), work).pcie_s
    assert once == pytest.approx(1e-3 + 2e-6)
    assert kernel_time(with_keys(offload=True, offload_crossings=3), work).pcie_s == pytest.approx(3 * once)


def test_what_is_fetched_ahead_costs_only_what_computing_does_not_hide() -> None:
    ahead = with_keys(offload=True, prefetch=True)
    work = {"weights": 10**7, "flops": 10**8}
    assert kernel_time(ahead, work).pcie_s == pytest.approx(1e-3 + 2e-6 - 2e-4)
    assert kernel_time(ahead, {**work, "flops": 10**9}).pcie_s == 0.0


def test_gradients_pass_between_gpus_where_there_are_several() -> None:
    assert kernel_time(PLAIN, {"reduced": 10**9}).interconnect_s == 0.0
    assert kernel_time(with_keys(count=2), {"reduced": 10**9}).interconnect_s == pytest.approx(0.1)


@given(amounts, amounts, st.integers(0, 1000))
def test_more_work_is_never_faster_and_no_kernel_beats_the_roofline(
    flops: int, moved: int, more: int
) -> None:
    work = {"flops": flops, "bytes": moved}
    time = kernel_time(PLAIN, work)
    assert time.computing_s >= max(flops / 1e12, moved / 1e11)
    assert kernel_time(PLAIN, {"flops": flops + more, "bytes": moved + more}).computing_s >= time.computing_s
