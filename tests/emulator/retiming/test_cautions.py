"""A re-timing says why a real run might differ, refuses what would be another run, and is silent otherwise."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emulator.bench_config import BudgetConfig
from emulator.commands import Controller, Forward, Project, SetPhases, Settle, Start, Wait
from emulator.errors import ConfigError, TraceError
from emulator.retiming.lab import Laboratory
from emulator.retiming.retime import Retimed, load_recording
from emulator.trace.open import open_trace
from tests.builders import random_batch
from tests.emulator.retiming.retiming_lab import (
    OPU_DESIGN,
    SIZES,
    chip_lab,
    configured,
    opu_lab,
    recording_of,
    retimed,
    run,
    without,
)

BATCH = random_batch(5, SIZES[0])
GOLDEN = Path(__file__).parents[2] / "golden"


def tuner(queries: int = 5) -> Controller:
    for number in range(queries):
        yield SetPhases([number], [1.0])
        yield Settle()
        yield Forward(BATCH)


Retime = Callable[[Laboratory, Laboratory], Retimed]


@pytest.fixture
def retime_tuner(tmp_path: Path) -> Retime:
    def retime(old: Laboratory, new: Laboratory) -> Retimed:
        return retimed(run(old, lambda: {"tuner": tuner()}, tmp_path / "run.h5"), old, new)

    return retime


def warning(found: Retimed, about: str) -> str:
    (line,) = [text for text in found.warnings if about in text]
    return line


def test_a_changed_physics_parameter_keeps_the_recorded_readings(retime_tuner: Retime) -> None:
    lab = chip_lab()
    found = retime_tuner(lab, configured(lab, "chip", "heaters", omega=0.01))
    assert found.warnings == (
        "chip.heaters.omega changes what would have been read; the recorded readings, and what the controller "
        "made of them, are kept",
    )


def test_settling_shorter_than_recorded_is_told_where_heaters_are_dynamic(retime_tuner: Retime) -> None:
    dynamic = configured(chip_lab(), "chip", "heaters", dynamics="dynamic")
    found = retime_tuner(dynamic, configured(dynamic, "chip", "heaters", settle_s=1e-6))
    assert "less settled" in warning(found, "light comes 2 us after phases change, and came 7 us")
    assert retimed_again(found, configured(dynamic, "chip", "heaters", settle_s=1e-5)).warnings == ()


def retimed_again(found: Retimed, lab: Laboratory) -> Retimed:
    from emulator.retiming.retime import retime

    return retime(found.recording, lab)


def test_settling_shorter_than_recorded_is_no_matter_where_heaters_are_instant(retime_tuner: Retime) -> None:
    lab = chip_lab()
    assert retime_tuner(lab, configured(lab, "chip", "heaters", settle_s=0.0)).warnings == ()


def test_a_budget_that_would_stop_the_run_earlier_is_told(retime_tuner: Retime) -> None:
    lab = chip_lab()._replace(budget=BudgetConfig(time_s=1e-3, energy_j=1.0))
    slow = configured(lab, "chip", "link", latency_s=1e-3)
    found = retime_tuner(lab, slow)
    assert "would stop the run before its end" in warning(found, "budget.time_s = 0.001")
    assert retimed_again(found, lab).warnings == ()


def test_a_run_that_its_budget_stopped_would_stop_elsewhere(retime_tuner: Retime) -> None:
    lab = chip_lab()._replace(budget=BudgetConfig(time_s=5e-5))
    found = retime_tuner(lab, configured(lab, "chip", "link", latency_s=2e-6))
    assert found.recording.status == "budget"
    assert "stop elsewhere" in warning(found, "budget.time_s")


def test_waits_of_the_agent_are_kept_and_told(tmp_path: Path) -> None:
    def patient() -> Controller:
        yield Settle(10)
        yield Wait(1000)
        yield Settle(10)

    lab = chip_lab()
    outing = run(lab, lambda: {"patient": patient()}, tmp_path / "run.h5")
    found = retimed(outing, lab, configured(lab, "chip", "dac", update_s=0.0))
    assert found.times.t_issued.tolist() == [0, 1000]
    assert found.recording.waits == 1
    assert "each wait is kept" in warning(found, "1 commands were issued later")


def test_another_order_of_arrival_is_told_and_the_recorded_one_kept(tmp_path: Path) -> None:
    def first() -> Controller:
        yield SetPhases([0], [0.0])
        yield Settle(100)

    def second() -> Controller:
        yield Forward(BATCH)
        yield Settle(100)

    lab = chip_lab()
    outing = run(lab, lambda: {"first": first(), "second": second()}, tmp_path / "run.h5")
    quick = configured(lab, "host", overhead_s=0.0)
    found = retimed(outing, lab, quick)
    assert np.all(np.diff(found.times.t_started) >= 0)
    assert any("order" in text for text in found.warnings) or found.schedule.disordered == 0


def test_a_command_that_the_end_cut_off_is_told(tmp_path: Path) -> None:
    def hasty() -> Controller:
        yield Start(Project(np.ones((5, OPU_DESIGN.features), dtype=np.float32)))
        yield Wait(3_000_000_000)

    lab = opu_lab()
    outing = run(lab, lambda: {"hasty": hasty()}, tmp_path / "run.h5")
    assert recording_of(outing, lab).count == 0
    found = retimed(outing, lab, lab)
    assert "of which there is no record" in warning(found, "host.frames drew")


def test_other_losses_of_frames_are_told(tmp_path: Path) -> None:
    def projector() -> Controller:
        yield Project(np.ones((30, OPU_DESIGN.features), dtype=np.float32))

    lab = opu_lab()
    outing = run(lab, lambda: {"projector": projector()}, tmp_path / "run.h5")
    late = configured(configured(lab, "opu", "pcie", buffer_frames=1), "host", bytes_per_s=1e6)
    assert "the load is another than was recorded" in warning(
        retimed(outing, lab, late), "frames are lost or late"
    )


def test_what_would_be_another_run_is_refused(tmp_path: Path) -> None:
    lab = opu_lab()
    outing = run(lab, lambda: {"tuner": tuner(1)}, tmp_path / "run.h5")
    other = lab.lab["opu"]._replace(design=OPU_DESIGN._replace(outputs=10))
    for changed, path in (
        (lab._replace(seed=1), "seed"),
        (lab._replace(lab={**lab.lab, "opu": other}), "opu.design"),
    ):
        with pytest.raises(ConfigError, match=rf"{path} = .* cannot be re-timed"):
            retimed(outing, lab, changed)


def test_skipping_zero_vectors_keeps_what_their_frames_read(tmp_path: Path) -> None:
    lab = opu_lab()
    outing = run(lab, lambda: {"tuner": tuner(1)}, tmp_path / "run.h5")
    found = retimed(outing, lab, configured(lab, "opu", skip_zero=True))
    assert any("opu.skip_zero" in warning for warning in found.warnings)


def test_a_trace_that_does_not_follow_from_the_configuration_is_refused(tmp_path: Path) -> None:
    lab = chip_lab()
    outing = run(lab, lambda: {"tuner": tuner()}, tmp_path / "run.h5")
    with pytest.raises(
        TraceError, match=r"does not follow from its configuration: commands row 0: it lasted another"
    ):
        recording_of(outing, configured(lab, "chip", "dac", update_s=0.5))
    with pytest.raises(TraceError, match=r"commands row 2: it lasted another"):
        recording_of(outing, configured(lab, "host", overhead_s=1.0))
    with pytest.raises(ConfigError, match="the configuration has no chip"):
        recording_of(outing, without(opu_lab(), "chip"))


def test_projections_that_do_not_follow_from_the_configuration_are_refused(tmp_path: Path) -> None:
    def projector() -> Controller:
        yield Project(np.ones((3, OPU_DESIGN.features), dtype=np.float32))

    outing = run(opu_lab(), lambda: {"projector": projector()}, tmp_path / "run.h5")
    other = opu_lab(camera={"exposure_s": 1e-3})
    with pytest.raises(TraceError, match=r"row 0: it went from 0 to \d+ ps, and should have from"):
        recording_of(outing, other)


def test_traces_without_work_or_commands_are_refused_with_what_to_do(tmp_path: Path) -> None:
    with (
        open_trace(GOLDEN / "v1-commands.h5") as trace,
        pytest.raises(TraceError, match="run its configuration again"),
    ):
        load_recording(trace, chip_lab())
    outing = run(chip_lab(), lambda: {"tuner": tuner()}, tmp_path / "run.h5", "summary")
    with pytest.raises(TraceError, match=r"record with trace\.detail = 'commands' or 'full'"):
        recording_of(outing, chip_lab())
