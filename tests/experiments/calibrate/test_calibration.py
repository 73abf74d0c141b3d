"""Tests of calibration: what was measured comes back within its stated error, and what cannot be told is named."""

import json
from pathlib import Path

import numpy as np
import pytest

from emulator.commands import FrameCounts
from emulator.errors import ConfigError, TraceError
from emulator.instruments.chip.config import ChipConfig
from emulator.plan import Step
from emulator.trace import Header, Recorder
from emulator.trace.open import open_trace
from experiments.calibrate.calibration import Calibration, calibrate
from experiments.calibrate.model import latency_model
from experiments.run.study import Study
from tests.experiments.calibrate.calibration_lab import Done, done, measured_csv, record_done, service_steps

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
DETECTION = "chip.receiver.detection_s"


def other_chip(chip: ChipConfig) -> ChipConfig:
    """Return ``chip`` with every time changed but the detection's."""
    return chip.model_copy(
        update={
            "link": chip.link.model_copy(update={"latency_s": 1.7e-6, "rate_bit_per_s": 4e9}),
            "dac": chip.dac.model_copy(update={"update_s": 0.8e-6}),
            "heaters": chip.heaters.model_copy(update={"settle_s": 7.5e-6}),
            "inputs": chip.inputs.model_copy(update={"symbol_rate_hz": 0.8e9}),
            "receiver": chip.receiver.model_copy(update={"adc_s": 400e-9}),
        }
    )


TRUE = {
    "chip.link.latency_s": 1.7e-6,
    "chip.link.rate_bit_per_s": 4e9,
    "chip.dac.update_s": 0.8e-6,
    "chip.heaters.settle_s": 7.5e-6,
    "chip.inputs.symbol_rate_hz": 0.8e9,
    "chip.receiver.adc_s": 400e-9,
}


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory, small_study: Study) -> Path:
    return record_done(tmp_path_factory.mktemp("lab") / "run.h5", small_study, done(40), explicit_s=3e-6)


def test_the_model_is_the_recorded_service_time(trace: Path, small_study: Study) -> None:
    with open_trace(trace) as opened:
        model, commands = latency_model(opened), opened.commands
    predicted_s = (model.design @ model.seconds + model.rest_s)[model.type_of]
    np.testing.assert_allclose(predicted_s, 1e-12 * (commands.t_done - commands.t_started), rtol=1e-9)
    assert [p.path for p in model.parameters] == sorted([*TRUE, DETECTION])
    asked = done(40)[5]
    row = model.design[model.type_of[5]]
    counts = {parameter.path: times for parameter, times in zip(model.parameters, row.tolist(), strict=True)}
    assert counts["chip.link.latency_s"] == 2
    assert counts["chip.link.rate_bit_per_s"] == asked.size * 4 * small_study.chip.link.bits_per_sample
    assert counts["chip.inputs.symbol_rate_hz"] == 3 * 4 * small_study.chip.receiver.averages
    assert (counts[DETECTION], counts["chip.receiver.adc_s"], counts["chip.dac.update_s"]) == (3, 3, 0)


def test_an_explicit_wait_is_no_settling_time(trace: Path) -> None:
    with open_trace(trace) as opened:
        model = latency_model(opened)
    last = model.type_of[-1]
    assert not model.design[last].any()
    assert model.rest_s[last] == pytest.approx(3e-6, rel=1e-12)


def test_real_traces_leave_nothing_unexplained(small_trace: Path) -> None:
    with open_trace(small_trace) as opened:
        model, rows = latency_model(opened), len(opened.commands.plan)
    assert {"forward", "probe"} <= set(model.kinds)
    assert not model.rest_s.any()
    assert model.uses.sum() == rows
    reads = np.isin(model.kinds, ("forward", "probe"))
    assert set(model.samples[reads].tolist()) == {32}
    assert "host.overhead_s" not in [
        parameter.path for parameter in model.parameters
    ]  # a thought is no service


def test_a_trace_that_does_not_say_what_was_asked_for_is_refused() -> None:
    with open_trace(GOLDEN / "v1-commands.h5") as opened, pytest.raises(TraceError, match="schema version 1"):
        latency_model(opened)


def record_one(out: Path, config: str, instrument: str, kind: str, service_ps: list[int]) -> Recorder:
    """Begin a trace of one instrument and return its recorder; ``service_ps`` are commands without spans."""
    recorder = Recorder.create(out, Header(config, 0, "", (), ""), "commands")
    ids = [recorder.label("commands.agent", "test"), recorder.label("commands.instrument", instrument)]
    ids.append(recorder.label("commands.kind", kind))
    now_ps = 0
    for frames, service in enumerate(service_ps, start=1):
        if instrument == "opu":
            recorder.frames(FrameCounts(frames, 0, 1000 * frames, 1000 * frames, 0, 0, 0))
            plan = recorder.plan((), (("vectors", frames),))
        else:
            plan = recorder.plan(
                [Step("host", "forward", service)], (("flops", 10**9 * frames), ("bytes", 8))
            )
        recorder.command(*ids, plan, -1, now_ps, now_ps, now_ps + service, -1, 0.0, 0.0)
        now_ps += service
    recorder.close("complete", "", now_ps, 0)
    return recorder


OPU = """
[opu]
batch_patterns = 3000
acquisition_s = 1e-3
[opu.camera]
{camera}
rates = []
[opu.pcie]
latency_s = 1e-6
"""


@pytest.mark.parametrize(
    ("camera", "path", "period_s"),
    [
        ("frame_rate_hz = 1000.0", "opu.camera.frame_rate_hz", 1e-3),
        ("gap_s = 5e-5", "opu.camera.gap_s", 5e-5),
    ],
)
def test_a_projection_takes_a_period_a_frame_and_a_set_up_an_acquisition(
    tmp_path: Path, camera: str, path: str, period_s: float
) -> None:
    # Frames, one more acquisition from 3,001 frames on, the link, and 2 ms that nothing stands for.
    times = [1000 * n * period_s + 1e-3 * (n > 3) + 1e-6 + 2e-3 for n in range(1, 7)]
    recorded = record_one(
        tmp_path / "run.h5", OPU.format(camera=camera), "opu", "project", [round(1e12 * t) for t in times]
    )
    with open_trace(recorded.path) as opened:
        model = latency_model(opened)
    assert [p.path for p in model.parameters] == sorted(["opu.acquisition_s", path, "opu.pcie.latency_s"])
    np.testing.assert_allclose(model.rest_s, 2e-3, rtol=1e-6)
    stopwatch = [1000 * n * 1.1 * period_s + 4e-3 * (n > 3) + 1e-6 + 2e-3 for n in range(1, 7)]
    lines = [f"{row},{seconds!r}" for row, seconds in enumerate(stopwatch)] * 2
    (tmp_path / "m.csv").write_text("\n".join(["command,latency_s", *lines]))
    fitted = {one.path: one for one in calibrate(recorded.path, tmp_path / "m.csv").parameters}
    assert fitted["opu.acquisition_s"].value == pytest.approx(4e-3, rel=1e-3)
    found_s = fitted[path].value if path.endswith("gap_s") else 1 / fitted[path].value
    assert found_s == pytest.approx(1.1 * period_s, rel=1e-4)


def test_computing_takes_a_start_and_what_binds(tmp_path: Path) -> None:
    config = "[host]\nlaunch_s = 1e-5\nflops_per_s = 1e11\nbytes_per_s = 2e10\n"
    service_ps = [round(1e12 * (1e-5 + n * 1e-2)) for n in range(1, 5)]
    recorded = record_one(tmp_path / "run.h5", config, "host", "compute", service_ps)
    with open_trace(recorded.path) as opened:
        model = latency_model(opened)
    assert [p.path for p in model.parameters] == ["host.flops_per_s", "host.launch_s"]
    np.testing.assert_array_equal(model.design[:, 0], [1e9, 2e9, 3e9, 4e9])
    assert not model.rest_s.any()


@pytest.mark.parametrize("seed", range(4))
def test_a_changed_chip_is_found_within_the_stated_error(
    trace: Path, small_study: Study, tmp_path: Path, seed: int
) -> None:
    csv = measured_csv(tmp_path / "m.csv", other_chip(small_study.chip), done(40), 0.03, seed)
    found = calibrate(trace, csv, hold=(DETECTION,), seed=seed)
    assert found.confounded == ()
    fitted = {one.path: one for one in found.parameters}
    assert fitted.keys() == TRUE.keys()
    for path, true in TRUE.items():
        one = fitted[path]
        assert one.alone
        assert one.value is not None
        assert one.high is not None
        assert one.low < one.value < one.high
        # The interval holds 95 of 100; its whole width is nearly four standard deviations.
        assert abs(one.value - true) < one.high - one.low
        assert one.high - one.low < 0.4 * true


def test_errors_are_judged_on_what_the_fit_has_not_seen(
    trace: Path, small_study: Study, tmp_path: Path
) -> None:
    csv = measured_csv(tmp_path / "m.csv", other_chip(small_study.chip), done(40), 0.03)
    found = calibrate(trace, csv)
    assert (found.latencies, found.held_out, found.left_out) == (520, 260, 0)
    assert found.before.mape.low > 0.2
    # A normal error of 3 % has a mean absolute value of 0.03 sqrt(2 / pi) and a median of 0.6745 times 0.03.
    assert found.after.mape.value == pytest.approx(0.03 * np.sqrt(2 / np.pi), rel=0.2)
    assert found.after.p50.value == pytest.approx(0.6745 * 0.03, rel=0.25)
    assert found.after.bias.low < 0.002
    assert found.after.bias.high > -0.002
    assert found.after.p50.value < found.after.p90.value < found.after.p99.value
    for kind in found.kinds:
        assert kind.after_s == pytest.approx(kind.measured_s, rel=0.02)
    assert sum(kind.count for kind in found.kinds) == found.held_out


def test_what_only_appears_together_is_named_and_its_sum_is_right(
    trace: Path, small_study: Study, tmp_path: Path
) -> None:
    csv = measured_csv(tmp_path / "m.csv", other_chip(small_study.chip), done(40), 0.0)
    found = calibrate(trace, csv)
    ((group),) = found.confounded
    assert (set(group.paths), group.combinations) == ({DETECTION, "chip.receiver.adc_s"}, 1)
    fitted = {one.path: one for one in found.parameters}
    assert not fitted[DETECTION].alone
    assert fitted[DETECTION].value + fitted["chip.receiver.adc_s"].value == pytest.approx(410e-9, rel=1e-6)
    for path in TRUE.keys() - {"chip.receiver.adc_s"}:
        assert fitted[path].alone
        assert fitted[path].value == pytest.approx(TRUE[path], rel=1e-5)


def test_one_kind_alone_tells_sums_only(trace: Path, small_study: Study, tmp_path: Path) -> None:
    chip = other_chip(small_study.chip)
    one = Done("set_phases", 8)
    seconds = sum(s for _, _, s in service_steps(chip, one))
    (tmp_path / "m.csv").write_text("kind,latency_s,heaters\n" + f"set_phases,{seconds!r},8\n" * 10)
    found = calibrate(trace, tmp_path / "m.csv")
    ((group),) = found.confounded
    assert group.combinations == 1
    assert set(group.paths) == {"chip.link.latency_s", "chip.link.rate_bit_per_s", "chip.dac.update_s"}
    assert {one.path for one in found.parameters} == set(group.paths)
    assert found.after.mape.value < 1e-6


def test_latencies_that_nothing_explains_are_left_out_and_counted(
    trace: Path, small_study: Study, tmp_path: Path
) -> None:
    csv = measured_csv(tmp_path / "m.csv", small_study.chip, done(40), 0.01)
    with csv.open("a") as file:
        file.write(f"{len(done(40))},9e-6\n")
    found = calibrate(trace, csv)
    assert (found.latencies, found.left_out) == (520, 1)


def test_a_transfer_that_takes_no_time_has_no_rate(trace: Path, small_study: Study, tmp_path: Path) -> None:
    link = small_study.chip.link.model_copy(update={"rate_bit_per_s": 1e15})
    chip = small_study.chip.model_copy(update={"link": link})
    found = calibrate(trace, measured_csv(tmp_path / "m.csv", chip, done(40), 0.05, seed=2))
    rate = next(one for one in found.parameters if one.path == "chip.link.rate_bit_per_s")
    assert rate.high is None
    assert json.loads(found.to_json())["latencies"] == 520


def test_the_same_seed_gives_the_same_answer(trace: Path, small_study: Study, tmp_path: Path) -> None:
    csv = measured_csv(tmp_path / "m.csv", other_chip(small_study.chip), done(40), 0.03)
    found: list[Calibration] = [calibrate(trace, csv, seed=seed) for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]


def test_what_cannot_be_calibrated_is_refused(trace: Path, small_study: Study, tmp_path: Path) -> None:
    csv = measured_csv(tmp_path / "m.csv", small_study.chip, done(40), 0.01)
    with pytest.raises(TraceError, match="holds no commands"):
        calibrate(GOLDEN / "v1-summary.h5", csv)
    with pytest.raises(ConfigError, match=r"did you mean 'chip\.dac\.update_s'"):
        calibrate(trace, csv, hold=("chip.dac.updates",))
    with pytest.raises(ConfigError, match="no number that may be fitted"):
        calibrate(trace, csv, hold=(*TRUE, DETECTION))
    (tmp_path / "few.csv").write_text("command,latency_s\n0,1e-6\n3,6e-6\n")
    with pytest.raises(ConfigError, match="2 latencies are too few"):
        calibrate(trace, tmp_path / "few.csv")
