"""A run that names its incumbent, replayed: the names are rows, so every mode sees them; what-if, too."""

from pathlib import Path

import numpy as np
import pytest

from controllers.kind import Setting
from emulator.commands import Compute, Controller, Incumbent, Log, Sequence
from emulator.retiming.retime import retime
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import Trace
from experiments.inspect.inspection import inspect_trace
from experiments.replay.timed import timed
from experiments.run.laboratory import open_recording, study_of
from experiments.run.run import run_study
from experiments.run.study import Study

pytestmark = pytest.mark.usefixtures("in_room")


def scattering(setting: Setting) -> Controller:
    """Search nothing: read bad candidates, and name the design phases with one of them changed a little."""
    rng, batch = setting.stream("tests/scatter"), next(setting.batches(16))
    for step in range(12):
        named = setting.phases.copy()
        named[step] += 0.001 * step
        yield Incumbent(named % 6.28, setting.heaters)
        radians = rng.uniform(0.0, 6.0, (5, setting.heaters.size))
        yield Sequence(np.tile(setting.heaters, (5, 1)), radians, batch)
        yield Compute(1000, 1000)
        yield Log("train_loss", 1.0)


@pytest.fixture(scope="module")
def study(small_study: Study) -> Study:
    often = small_study.evaluation.model_copy(update={"every_queries": 5})
    return small_study.model_copy(update={"evaluation": often})


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory, room: Path, study: Study) -> Path:
    path = tmp_path_factory.mktemp("named") / "run.h5"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(room)
        run_study(study, path, own=scattering)
    return path


def names_of(trace: Trace) -> np.ndarray:
    """Return the rows that name, (names,)."""
    return np.flatnonzero(trace.commands.kind == trace.labels("commands.kind").index("incumbent"))


def test_what_was_named_is_judged_and_selected_though_only_bad_candidates_were_driven(named: Path) -> None:
    with open_trace(named) as trace:
        metrics = trace.metrics()
        tests = metrics["test_accuracy"].value
        assert tests.min() > tests[0] - 0.05
        assert metrics["selected_test_accuracy"].value[-1] == tests[metrics["val_loss"].value.argmin()]
        heaters = np.flatnonzero(trace.state("active"))
        best, design = trace.state("best_phases")[heaters], trace.state("initial_phases")[heaters]
        assert np.sum(np.abs(best - design) > 1e-3) <= 1
        assert np.abs(trace.state("final_phases")[heaters] - design).max() > 1.0
        assert len(names_of(trace)) == 12


def test_its_rows_hold_the_phases_that_were_named(named: Path) -> None:
    with open_trace(named) as trace:
        rows, setpoints = names_of(trace), trace.setpoints
        first, last = (setpoints.phase_rad[setpoints.command == row] for row in rows[[0, -1]])
        assert np.abs(last - first).max() == pytest.approx(0.011)
        assert (trace.commands.t_done[rows] == trace.commands.t_issued[rows]).all()
    assert inspect_trace(named).checks.ledger_minus_elapsed_ps == 0


def test_run_again_it_is_the_same_trace(named: Path, study: Study, tmp_path: Path) -> None:
    run_study(study, tmp_path / "again.h5", own=scattering)
    with open_trace(named) as first, open_trace(tmp_path / "again.h5") as second:
        assert (first.setpoints.phase_rad == second.setpoints.phase_rad).all()
        assert (first.state("best_phases") == second.state("best_phases")).all()


def test_a_timed_replay_judges_what_was_named(named: Path, tmp_path: Path) -> None:
    found = timed(named, tmp_path / "timed.h5", kept=True)
    assert (found.commands, found.refused) == (84, 0)
    with open_trace(named) as then, open_trace(tmp_path / "timed.h5") as now:
        assert len(names_of(now)) == 12
        assert now.metrics()["test_accuracy"].value[-1] == then.metrics()["test_accuracy"].value[-1]
        assert (now.state("incumbent_phases") == then.state("incumbent_phases")).all()


def test_re_timed_names_cost_nothing_and_move_with_the_rest(named: Path) -> None:
    with open_trace(named) as trace:
        old = study_of(trace)
        recording = open_recording(trace, old)
        same = retime(recording, recording.laboratory)
        assert same.elapsed_ps == trace.elapsed_ps
        assert (same.times.t_done == trace.commands.t_done).all()
        assert same.energy_j == pytest.approx(sum(trace.totals()["energy_j"].values()), rel=1e-12)
