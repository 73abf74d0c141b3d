"""Tests of the latency ledger: it adds up, names what binds, and agrees with the bench."""

from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.bench import Bench
from emulator.commands import Command, Project
from emulator.config.models import build
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Stand
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import OpuDesign
from emulator.units import ps_to_s
from experiments.paper.light_in_the_loop.latency_ledger import STAGES, ledger_of_call
from experiments.presets.opu_rating import opu_preset


def unit(**keys: Any) -> OpuConfig:
    return build(OpuConfig, {"preset": "light_in_the_loop", **keys}, "test")


def host(**keys: Any) -> HostConfig:
    return build(HostConfig, {"preset": "workstation", **keys}, "test")


def elapsed_on_the_bench_s(config: OpuConfig, computer: HostConfig, design: OpuDesign, vectors: int) -> float:
    def agent() -> Generator[Command, Any, None]:
        yield Project(np.zeros((vectors, design.features), dtype=np.float32))

    bench = Bench({"opu": Stand(config, design), "host": Stand(computer)}, 0)
    return bench.run({"agent": agent()}).elapsed_s


@pytest.mark.parametrize("name", ["light_in_the_loop", "opu_gen2", "opu_gen3"])
@pytest.mark.parametrize("vectors", [1, 7, 300])
def test_a_call_takes_as_long_as_on_the_bench_and_its_stages_add_up(name: str, vectors: int) -> None:
    config, design = opu_preset(name), OpuDesign(10, 2000)
    ledger = ledger_of_call(config, host(), design, vectors)
    assert ps_to_s(ledger.elapsed_ps) == elapsed_on_the_bench_s(config, host(), design, vectors)
    assert sum(spent for _, spent in ledger.spent_ps) == ledger.elapsed_ps
    assert [stage for stage, _ in ledger.spent_ps] == list(STAGES)


@given(
    rows=st.integers(1, 200),
    upload=st.floats(1e8, 1e11),
    flops=st.floats(1e8, 1e12),
    exposure_us=st.floats(10, 3000),
    memory=st.integers(1, 40),
    acquisition_s=st.sampled_from([0.0, 0.01]),
    vectors=st.integers(1, 60),
)
@settings(max_examples=60, deadline=None)
def test_no_stage_is_negative_and_all_add_up_whatever_binds(
    rows: int,
    upload: float,
    flops: float,
    exposure_us: float,
    memory: int,
    acquisition_s: float,
    vectors: int,
) -> None:
    config = build(
        OpuConfig,
        {
            "dmd": {"memory_patterns": memory, "torn_probability": 0.1},
            "camera": {"exposure_s": exposure_us * 1e-6},
            "pcie": {"rate_bit_per_s": upload, "buffer_frames": 8, "deadline_s": 0.02},
            "acquisition_s": acquisition_s,
            "batch_patterns": 25,
        },
        "test",
    )
    ledger = ledger_of_call(config, host(flops_per_s=flops), OpuDesign(10, 510 * rows), vectors, host_ps=17)
    assert min(spent for _, spent in ledger.spent_ps) >= 0
    assert sum(spent for _, spent in ledger.spent_ps) == ledger.elapsed_ps
    counts = ledger.counts
    assert counts.used + counts.dropped + counts.late == counts.sent


def test_the_frame_clock_binds_when_nothing_else_does_and_the_nominal_rate_is_reached() -> None:
    ledger = ledger_of_call(unit(), host(), OpuDesign(1_039_680, 100_000), 3000)
    assert ledger.nominal_hz == pytest.approx(750)
    assert ledger.binds == "frame clock"
    assert ledger.share >= 0.89


@pytest.mark.parametrize(
    ("keys", "computer", "stage"),
    [
        ({"acquisition_s": 10.0}, {}, "set-up"),
        ({"pcie": {"rate_bit_per_s": 5e8}}, {}, "upload"),
        ({}, {"flops_per_s": 1e8}, "grab"),
    ],
)
def test_the_ledger_names_what_binds(keys: dict[str, Any], computer: dict[str, Any], stage: str) -> None:
    assert ledger_of_call(unit(**keys), host(**computer), OpuDesign(10, 2000), 300).binds == stage


def test_work_of_the_host_between_calls_is_its_own_stage() -> None:
    alone = ledger_of_call(unit(), host(), OpuDesign(10, 2000), 3)
    working = ledger_of_call(unit(), host(), OpuDesign(10, 2000), 3, host_ps=9 * 10**12)
    assert working.elapsed_ps == alone.elapsed_ps + 9 * 10**12
    assert (working.binds, working.seconds_a_sample("host")) == ("host", 3.0)


def test_a_second_generation_box_reaches_what_a_published_run_did() -> None:
    """3000 vectors onto 10,000 outputs took 1.683 s, says a notebook of lightonml: 89 % of 2 kHz."""
    ledger = ledger_of_call(opu_preset("opu_gen2"), host(), OpuDesign(10_000, 10_000), 3000)
    assert ps_to_s(ledger.elapsed_ps) == pytest.approx(1.683, rel=0.01)
    assert ledger.share == pytest.approx(0.891, abs=0.01)
