"""Every parameter halved, doubled and left out: as single what-ifs say, ranked, with break-even points."""

import csv
import io
import json
import math
from pathlib import Path

import pytest

from emulator.errors import ConfigError, LightloopError
from experiments.run.launch import open_study
from experiments.run.run import run_study
from experiments.whatif import elasticity as module
from experiments.whatif.elasticity import Elasticities, Parameter, elasticities
from experiments.whatif.points import whatif


@pytest.fixture(scope="module")
def found(small_trace: Path) -> Elasticities:
    return elasticities(small_trace)


def of(found: Elasticities, path: str) -> Parameter:
    return next(one for one in found.parameters if one.path == path)


def test_every_change_is_what_a_single_what_if_says(found: Elasticities, small_trace: Path) -> None:
    for one in found.parameters:
        for change in one.changes:
            setting = f"{one.path}={change.value!r}"
            if change.cost is None:
                with pytest.raises(LightloopError):
                    whatif(small_trace, (setting,))
                continue
            [point] = whatif(small_trace, (setting,)).points
            assert (point.elapsed_s, point.energy_j, point.binds) == (
                change.cost.time_s, change.cost.energy_j, change.cost.binds
            )  # fmt: skip
            assert change.cost.edp_js == point.energy_delay_j_s


def test_the_recorded_run_is_read_once(small_trace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    true = module.open_recording
    monkeypatch.setattr(module, "open_recording", lambda *words: opened.append(words) or true(*words))
    elasticities(small_trace)
    assert len(opened) == 1


def test_elasticities_are_shares_of_the_time_and_power_where_costs_are_linear(found: Elasticities) -> None:
    settle = of(found, "chip.heaters.settle_s")
    half, double, base = settle.change(0.5), settle.change(2.0), found.baseline
    assert half is not None
    assert double is not None
    assert settle.elasticity_time == pytest.approx(double.time_s / base.time_s - 1, rel=1e-3)
    assert settle.elasticity_time == pytest.approx(2 * (1 - half.time_s / base.time_s), rel=1e-3)
    assert settle.elasticity_edp == settle.elasticity_time + settle.elasticity_energy
    power = of(found, "host.idle_power_w")
    assert power.elasticity_time == 0.0
    assert 0 < power.elasticity_energy < 1
    assert of(found, "chip.inputs.symbol_rate_hz").elasticity_time < 0


def test_parameters_are_ranked_by_what_they_move(found: Elasticities) -> None:
    for measure in ("time_s", "energy_j", "edp_js"):
        reach = [one.reach(measure, found.baseline) for one in found.ranked(measure)]
        assert reach == sorted(reach, reverse=True)
    assert "host.idle_power_w" not in [one.path for one in found.ranked("time_s")]
    assert [one.path for one in found.parameters] == [one.path for one in found.ranked("edp_js")]


def test_beyond_a_break_even_point_something_else_binds_and_before_it_what_did(
    found: Elasticities, small_trace: Path
) -> None:
    points = [(one, point) for one in found.parameters for point in one.break_even]
    assert points
    for one, point in points:
        inward = -point.tolerance if point.value > one.value else point.tolerance
        whole = isinstance(one.value, int)
        assert abs(point.tolerance) <= (1 if whole else 1e-3 * point.value)
        beyond, before = (
            whatif(small_trace, (f"{one.path}={value!r}",)).points[0].binds
            for value in (point.value, point.value + (round(inward) if whole else inward))
        )
        assert (beyond, before) == (point.binds, found.baseline.binds)


def test_what_has_no_effect_and_what_is_not_varied_is_listed(found: Elasticities) -> None:
    assert "chip.sequencer.power_w" in found.without_effect
    assert "chip.inputs.shared_power_w" in found.not_varied
    listed = [*(one.path for one in found.parameters), *found.without_effect, *found.not_varied]
    assert len(set(listed)) == len(listed)
    assert not any(path.startswith(("opu.", "controller.", "task.", "budget.")) for path in listed)


def test_settings_come_first(found: Elasticities, small_trace: Path) -> None:
    slow = elasticities(small_trace, ("chip.heaters.settle_s=1ms",))
    assert of(slow, "chip.heaters.settle_s").elasticity_time == pytest.approx(1.0, abs=0.05)
    assert slow.baseline.time_s > found.baseline.time_s
    [point] = whatif(small_trace, ("chip.heaters.settle_s=1ms", "host.overhead_s=0.0")).points
    cost = of(slow, "host.overhead_s").change(0.0)
    assert cost is not None
    assert cost.time_s == point.elapsed_s
    with pytest.raises(ConfigError, match="cannot be re-timed"):
        elasticities(small_trace, ("controller.queries=3",))


def test_json_has_a_row_a_parameter_and_factor_with_stable_keys(found: Elasticities) -> None:
    tree = json.loads(found.to_json(), parse_constant=pytest.fail)
    assert set(tree) == {
        "mode", "trace", "digest", "title", "baseline", "rows", "without_effect", "not_varied"
    }  # fmt: skip
    assert set(tree["rows"][0]) == {
        "parameter", "recorded", "factor", "value", "time_s", "time_ratio", "energy_j", "energy_ratio", "edp_js",
        "edp_ratio", "binds", "refused", "elasticity_time", "elasticity_energy", "elasticity_edp", "break_even",
        "physics",
    }  # fmt: skip
    assert {row["factor"] for row in tree["rows"]} == {0.0, 0.5, 2.0}
    point = next(row["break_even"][0] for row in tree["rows"] if row["break_even"])
    assert set(point) == {"value", "binds", "tolerance"}


def test_csv_has_the_same_rows(found: Elasticities) -> None:
    rows = list(csv.DictReader(io.StringIO(found.to_csv())))
    assert len(rows) == sum(len(one.changes) for one in found.parameters)
    assert float(rows[0]["time_ratio"]) == float(rows[0]["time_s"]) / found.baseline.time_s


@pytest.mark.usefixtures("in_room")
def test_of_frames_in_a_pipeline_the_stage_that_binds_changes(tmp_path: Path) -> None:
    settings = ("controller.epochs=1", "budget.queries=600", "controller.batch_size=200")
    run_study(open_study("mnist_light", settings), tmp_path / "light.h5")
    found = elasticities(tmp_path / "light.h5")
    rate = of(found, "opu.camera.frame_rate_hz")
    assert -1.01 < rate.elasticity_time < -0.9
    assert of(found, "opu.pcie.latency_s").break_even[0].binds.startswith("downlink.transfer/")
    assert math.isfinite(rate.elasticity_energy)
