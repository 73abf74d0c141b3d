"""What is watched of a chip that is tuned: its real state, and the best of it by validation, as ADR 9 promises."""

from pathlib import Path

import numpy as np
import pytest

from controllers.health import Health
from controllers.losses import cross_entropy
from emulator.bench import Bench
from emulator.commands import Controller, Disturb, SetPhases, Settle
from emulator.instruments.chip.chip import Chip
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import Trace
from experiments.run.prepare import Prepared, prepare
from experiments.run.run import make_bench, program_of, run_study, watch_of
from experiments.run.study import Study
from experiments.run.watching.recovery import TunedChip
from tests.builders import NotingRecorder

pytestmark = pytest.mark.usefixtures("in_room")


@pytest.fixture(scope="module")
def wandering(small_study: Study) -> Study:
    """Return a study whose best state by validation is neither the first, the last nor the best on test data."""
    coarse = small_study.controller.model_copy(update={"step_rad": 0.1, "queries": 600})
    often = small_study.evaluation.model_copy(update={"every_queries": 10})
    return small_study.model_copy(update={"controller": coarse, "evaluation": often})


@pytest.fixture
def prepared(small_study: Study) -> Prepared:
    return prepare(small_study)


@pytest.fixture
def bench(small_study: Study, prepared: Prepared) -> Bench:
    return make_bench(small_study, prepared)


def test_it_measures_validation_and_test_data_on_the_chip_as_it_is(bench: Bench, prepared: Prepared) -> None:
    task = prepared.task
    found = TunedChip(task).scores(bench)
    outputs = bench.instrument(Chip).observe(np.concatenate([task.x_val, task.x_test]), 0)
    val, test = outputs[: len(task.x_val)], outputs[len(task.x_val) :]
    assert found.val_loss == cross_entropy(val, task.y_val)
    assert found.val == (val.argmax(axis=1) == task.y_val).mean()
    assert found.test == (test.argmax(axis=1) == task.y_test).mean()


def test_looking_costs_neither_time_nor_queries_nor_energy_and_changes_no_phase(
    bench: Bench, prepared: Prepared
) -> None:
    before = bench.instrument(Chip).core.driven_phases().copy()
    TunedChip(prepared.task).scores(bench)
    assert (bench.now_ps, bench.queries, bench.meter.total_j(0)) == (0, 0, 0.0)
    assert (bench.instrument(Chip).core.driven_phases() == before).all()


def test_another_state_is_another_score(bench: Bench, prepared: Prepared) -> None:
    watched = TunedChip(prepared.task)
    deployed = watched.scores(bench)
    heaters = prepared.deployment.heaters.tolist()
    bench.ask(SetPhases(heaters, [1.0] * len(heaters)))
    bench.ask(Settle())
    assert watched.scores(bench).val_loss > deployed.val_loss


def test_what_is_kept_are_the_phases_that_are_driven(bench: Bench, prepared: Prepared) -> None:
    bench.recorder = recorder = NotingRecorder()
    TunedChip(prepared.task).keep(bench)
    assert list(recorder.states) == ["best_phases"]
    assert (recorder.states["best_phases"] == bench.instrument(Chip).core.driven_phases()).all()


def test_power_and_energy_are_recorded_beside_it(bench: Bench, prepared: Prepared) -> None:
    found = TunedChip(prepared.task).further(bench)
    assert found == {"heater_power_w": bench.instrument(Chip).core.heater_power_w, "energy_j": 0.0}


# ------------------------------------------------------------------------- in a whole run (ADR 9)


@pytest.fixture(scope="module")
def trace_path(tmp_path_factory: pytest.TempPathFactory, room: Path, wandering: Study) -> Path:
    path = tmp_path_factory.mktemp("watch") / "run.h5"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(room)
        run_study(wandering, path)
    return path


def best_look(trace: Trace) -> int:
    return int(trace.metrics()["val_loss"].value.argmin())


def test_the_state_of_least_validation_loss_is_selected_whatever_its_test_accuracy(trace_path: Path) -> None:
    with open_trace(trace_path) as trace:
        metrics, best = trace.metrics(), best_look(trace)
        losses = metrics["val_loss"].value
        tests = metrics["test_accuracy"].value
        assert losses.argmin() not in {0, len(losses) - 1}, "else this would tell nothing"
        assert metrics["selected_test_accuracy"].value[-1] == tests[best]
        assert metrics["selected_test_accuracy"].value.tolist() == [
            tests[losses[: look + 1].argmin()] for look in range(len(losses))
        ]


def test_the_best_phases_are_those_that_stood_when_validation_loss_was_least(
    trace_path: Path, wandering: Study, prepared: Prepared
) -> None:
    """Drive a fresh chip of the same seed to them, wait until it has settled, and the loss is there again."""
    with open_trace(trace_path) as trace:
        best, final = trace.state("best_phases"), trace.state("final_phases")
        least = trace.metrics()["val_loss"].value.min()
        last = trace.metrics()["val_loss"].value[-1]
    assert (best != final).any()

    def loss_of(phases: np.ndarray) -> float:
        fresh, heaters = make_bench(wandering, prepared), prepared.deployment.heaters
        fresh.ask(SetPhases(heaters.tolist(), phases[heaters].tolist()))
        fresh.ask(Settle())
        return watch_of(wandering, prepared, program_of(wandering, prepared)).observe(fresh)["val_loss"]

    assert loss_of(best) == pytest.approx(least, rel=0.02)
    assert loss_of(final) == pytest.approx(last, rel=0.02)
    assert last > 1.05 * least


def test_nothing_is_steered_by_what_is_watched(trace_path: Path, wandering: Study, tmp_path: Path) -> None:
    seldom = wandering.evaluation.model_copy(update={"every_queries": 400})
    run_study(wandering.model_copy(update={"evaluation": seldom}), tmp_path / "seldom.h5")
    with open_trace(trace_path) as often, open_trace(tmp_path / "seldom.h5") as once:
        assert (often.state("final_phases") == once.state("final_phases")).all()
        assert (often.elapsed_s, often.queries) == (once.elapsed_s, once.queries)


def test_a_host_that_knows_of_a_stuck_output_puts_no_sample_into_its_class(
    bench: Bench, prepared: Prepared
) -> None:
    task, health = prepared.task, Health()

    def world() -> Controller:
        yield Disturb("chip.offset", 1e3, max(bench.hidden()["chip.offset"]))

    bench.run({"world": world()})
    blind = TunedChip(task, health).scores(bench)
    assert blind.test == pytest.approx((task.y_test == 3).mean())
    health.outputs.add(3)
    told = TunedChip(task, health).scores(bench)
    assert blind.test < told.test <= (task.y_test != 3).mean()
    assert told.val_loss < blind.val_loss
