"""The three replays of a recorded recovery, and what each refuses."""

import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from emulator.errors import ConfigError, TraceError
from emulator.trace.open import open_trace
from experiments.inspect.inspection import inspect_trace
from experiments.output.json import to_json
from experiments.replay.closed import Closed
from experiments.replay.modes import replay
from experiments.replay.origin import origin_of
from experiments.replay.rerun import Rerun, first_difference
from experiments.replay.timed import Timed
from experiments.replay.view import show_replay
from experiments.run.launch import shipped_studies
from experiments.run.run import run_study
from experiments.run.study import load_study
from tests.experiments.conftest import STUDIES

pytestmark = pytest.mark.usefixtures("in_room")

SHORT = ("controller.queries=60", "evaluation.every_queries=30")


def shown(found: Rerun | Timed | Closed) -> str:
    console = Console(width=160, record=True)
    show_replay(found, console)
    return console.export_text()


def test_a_rerun_is_identical_bit_for_bit(small_trace: Path, tmp_path: Path) -> None:
    found = replay(small_trace, "rerun", tmp_path / "again.h5")
    assert isinstance(found, Rerun)
    assert (found.identical, found.first_difference, found.versions_differ) == (True, None, ())
    with open_trace(small_trace) as then, open_trace(tmp_path / "again.h5") as now:
        assert then.digest == now.digest == found.digest
    assert "replay --mode rerun" in shown(found)
    assert "identical: true" in shown(found)


def test_the_first_difference_names_table_row_column_and_both_values(
    small_trace: Path, tmp_path: Path
) -> None:
    noiseless = "chip.receiver.thermal_noise_a_per_sqrt_hz=0"
    overrides = ("controller.queries=200", "evaluation.every_queries=50", noiseless)
    run_study(load_study(STUDIES / "vowel_recovery.toml", overrides), tmp_path / "other.h5")
    with open_trace(small_trace) as then, open_trace(tmp_path / "other.h5") as now:
        found = first_difference(then, now)
        assert found is not None
        assert (found.table, found.column) == ("commands", "result")
        differs = (
            then.commands.result[: len(now.commands.result)]
            != now.commands.result[: len(then.commands.result)]
        )
        assert found.row == int(differs.argmax())
        assert found.then == str(then.commands.result[found.row])
        assert first_difference(then, then) is None


def test_a_rerun_that_differs_says_where(
    small_trace: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def another(study: object, out: Path, own: object = None) -> None:
        run_study(load_study(STUDIES / "vowel_recovery.toml", ("controller.queries=50",)), out)

    monkeypatch.setattr("experiments.replay.rerun.run_study", another)
    found = replay(small_trace, "rerun")
    assert isinstance(found, Rerun)
    assert not found.identical
    assert json.loads(to_json(found))["first_difference"]["table"] == "commands"
    assert "identical: false" in shown(found)
    assert "first difference: commands" in shown(found)


def test_a_timed_replay_without_changes_reads_what_was_read(small_trace: Path) -> None:
    found = replay(small_trace, "timed")
    assert isinstance(found, Timed)
    assert (found.late, found.refused, found.readings_rms_difference) == (0, 0, 0.0)
    assert found.readings == 200
    assert all(pair.then == pair.now for pair in found.metrics.values())
    assert found.out is None


def test_what_a_sequencer_set_is_set_again_in_every_mode(tmp_path: Path) -> None:
    """Heaters that do at once what they are told read the same, though the host's probes take longer."""
    words = (*SHORT, "controller.loop=sequencer", "chip.heaters.dynamics=instant")
    run_study(load_study(STUDIES / "vowel_recovery.toml", words), tmp_path / "run.h5")
    again = replay(tmp_path / "run.h5", "rerun")
    assert isinstance(again, Rerun)
    assert again.first_difference is None
    timed = replay(tmp_path / "run.h5", "timed", tmp_path / "timed.h5")
    assert isinstance(timed, Timed)
    assert (timed.readings, timed.refused, timed.readings_rms_difference) == (60, 0, 0.0)
    assert timed.late > 0
    with open_trace(tmp_path / "run.h5") as then, open_trace(tmp_path / "timed.h5") as now:
        np.testing.assert_array_equal(then.state("final_phases"), now.state("final_phases"))
    closed = replay(tmp_path / "run.h5", "closed", None, ("host.overhead_s=50 us",))
    assert isinstance(closed, Closed)
    assert closed.elapsed_s > closed.recorded_s


@pytest.mark.parametrize("override", ["seed=5", "chip.heaters.omega=0.02"])
def test_a_timed_replay_asks_the_same_of_another_chip(
    small_trace: Path, override: str, tmp_path: Path
) -> None:
    out = tmp_path / "timed.h5"
    found = replay(small_trace, "timed", out, (override,))
    assert isinstance(found, Timed)
    assert (found.late, found.refused) == (0, 0)
    assert found.readings_rms_difference > 0
    assert found.metrics["val_loss"].then != found.metrics["val_loss"].now
    with open_trace(small_trace) as then, open_trace(out) as now:
        np.testing.assert_array_equal(then.commands.t_issued, now.commands.t_issued)
        np.testing.assert_array_equal(then.commands.value, now.commands.value)
        origin = origin_of(now)
        assert origin is not None
        assert (origin.mode, origin.of) == ("timed", then.digest)
        assert origin_of(then) is None
    assert inspect_trace(out).title.startswith("timed replay: Vowels")
    assert "replay --mode timed" in shown(found)


def test_a_timed_replay_on_a_chip_with_a_dead_heater(small_trace: Path) -> None:
    with open_trace(small_trace) as trace:
        heater = int(trace.state("final_phases").argmax())
    found = replay(small_trace, "timed", None, (f"chip.heaters.dead=[{heater}]",))
    assert isinstance(found, Timed)
    assert found.metrics["heater_power_w"].now < found.metrics["heater_power_w"].then


def test_a_slower_chip_is_late_and_says_by_how_much(small_trace: Path) -> None:
    found = replay(small_trace, "timed", None, ("chip.dac.update_s=20 us",))
    assert isinstance(found, Timed)
    assert found.late > 0
    assert found.latest_s > 0
    assert f"{found.late} issued late" in shown(found)


def test_a_closed_replay_writes_the_retimed_run(small_trace: Path, tmp_path: Path) -> None:
    out = tmp_path / "closed.h5"
    found = replay(small_trace, "closed", out, ("host.overhead_s=50 us",))
    assert isinstance(found, Closed)
    inspection = inspect_trace(out)
    assert inspection.elapsed_s == found.elapsed_s
    assert inspection.energy_j == pytest.approx(found.energy_j, rel=1e-12)
    assert inspection.latency_by_span_s == pytest.approx(found.latency_by_span_s)
    assert inspection.checks.ledger_minus_bench_ps == 0
    assert inspection.title.startswith("closed replay: Vowels")
    with open_trace(out) as trace:
        origin = origin_of(trace)
        assert origin is not None
        assert origin.mode == "closed"
    text = shown(found)
    assert "replay --mode closed" in text
    assert "host.overhead_s = 5e-05" in text


def test_a_closed_replay_can_be_replayed_closed_but_in_no_other_mode(
    small_trace: Path, tmp_path: Path
) -> None:
    out = tmp_path / "closed.h5"
    replay(small_trace, "closed", out, ("host.overhead_s=50 us",))
    back = replay(out, "closed", None, ("host.overhead_s=5 us",))
    assert isinstance(back, Closed)
    with open_trace(small_trace) as trace:
        assert back.elapsed_s == trace.elapsed_s
    for mode in ("rerun", "timed"):
        with pytest.raises(TraceError, match="this is a closed replay of"):
            replay(out, mode)


@pytest.mark.parametrize(
    ("mode", "overrides", "message"),
    [
        ("rerum", (), "did you mean 'rerun'"),
        ("rerun", ("seed=1",), "a rerun changes nothing"),
        ("timed", ("deployment.alpha=0.5",), r"deployment\.alpha = 0\.5 cannot be replayed"),
        ("timed", ("chip.mesh.rotation=cw",), r"chip\.mesh\.rotation = 'cw' cannot be replayed"),
        ("closed", ("seed=1",), "seed = 1 cannot be re-timed"),
    ],
)
def test_what_a_mode_does_not_do_is_refused(
    small_trace: Path, mode: str, overrides: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        replay(small_trace, mode, None, overrides)


def test_an_output_that_is_there_already_is_refused(small_trace: Path) -> None:
    for mode in ("rerun", "timed", "closed"):
        with pytest.raises(TraceError, match="a file lies here already"):
            replay(small_trace, mode, small_trace)


def test_a_run_that_was_cut_off_is_not_rerun(tmp_path: Path) -> None:
    golden = Path(__file__).parents[2] / "golden" / "v1-killed.h5.journal"
    (tmp_path / golden.name).write_bytes(golden.read_bytes())
    with pytest.raises(TraceError, match="cut off"):
        replay(tmp_path / "v1-killed.h5", "rerun")


@pytest.fixture(scope="module")
def light_trace(room: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the trace of a small network trained with light for one epoch, its patterns included."""
    out = tmp_path_factory.mktemp("light") / "light.h5"  # workers may come back to a module
    small = ("controller.epochs=1", "task.hidden=[16]", "trace.detail=full")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(room)
        run_study(load_study(STUDIES / "mnist_light.toml", small), out)
    return out


def test_projections_are_replayed_in_every_mode(light_trace: Path) -> None:
    again = replay(light_trace, "rerun")
    same, other = replay(light_trace, "timed"), replay(light_trace, "timed", None, ("seed=1",))
    assert isinstance(again, Rerun)
    assert isinstance(same, Timed)
    assert isinstance(other, Timed)
    assert again.identical
    assert (same.late, same.refused, same.readings_rms_difference) == (0, 0, 0.0)
    assert other.readings_rms_difference > 0.1 * other.readings_rms
    with open_trace(light_trace) as trace:
        closed = replay(light_trace, "closed", None, ("opu.camera.frame_rate_hz=750",))
        assert isinstance(closed, Closed)
        assert closed.recorded_s == trace.elapsed_s
        assert closed.elapsed_s == pytest.approx(2 * trace.elapsed_s, rel=0.01)
        assert closed.binds == "camera.exposure/clock"


def test_projections_whose_vectors_were_not_kept_cannot_be_replayed_timed(
    in_room: Path, tmp_path: Path
) -> None:
    small = ("controller.epochs=1", "task.hidden=[16]")
    run_study(load_study(STUDIES / "mnist_light.toml", small), tmp_path / "light.h5")
    with pytest.raises(TraceError, match=r"kept at trace\.detail = 'full' only"):
        replay(tmp_path / "light.h5", "timed", tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()


def shortened(name: str, *more: str) -> tuple[str, ...]:
    """Return overrides that cut a shipped study down to seconds."""
    text = (STUDIES / f"{name}.toml").read_text(encoding="utf-8")
    return (*(SHORT if "szo_scd" in text else ("controller.epochs=1", "task.hidden=[16]")), *more)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", shipped_studies())
@pytest.mark.parametrize("full", [False, True])
def test_every_shipped_study_reruns_to_the_same_trace(name: str, full: bool, tmp_path: Path) -> None:
    overrides = () if full else shortened(name)
    run_study(load_study(STUDIES / f"{name}.toml", overrides), tmp_path / "run.h5")
    found = replay(tmp_path / "run.h5", "rerun")
    assert isinstance(found, Rerun)
    assert found.first_difference is None
