"""Searches through whole runs, chosen in a shipped study's place."""

from pathlib import Path

import pytest

from controllers.ask_tell import ask_tell
from emulator.trace.open import open_trace
from experiments.run.preflight.estimate import estimate
from experiments.run.run import run_study
from experiments.run.study import Study, load_study
from tests.experiments.conftest import STUDIES
from tests.experiments.run.test_ask_tell import sep_cma_es

pytestmark = pytest.mark.usefixtures("in_room")

HOT = ("chip.heaters.omega=0.03", "evaluation.every_queries=300")


def vowels(*words: str) -> Study:
    return load_study(STUDIES / "vowel_recovery.toml", (*HOT, *words))


@pytest.mark.parametrize("kind", ["cmaes", "ga", "pso"])
def test_a_population_in_place_of_the_study_s_controller_recovers_accuracy(kind: str, tmp_path: Path) -> None:
    study = vowels(f"controller.kind={kind}", "controller.queries=900")
    run_study(study, tmp_path / "run.h5")
    with open_trace(tmp_path / "run.h5") as trace:
        assert trace.status == "complete"
        assert 850 < trace.queries <= 900
        accuracy = trace.metrics()["test_accuracy"].value
        assert accuracy[-1] > accuracy[0] + 0.05
        assert trace.labels("commands.agent")[0] == kind
        assert trace.totals()["busy_s"]["host.optimise"] > 0


def test_steps_in_random_subspaces_recover_accuracy_in_a_few_hundred_queries(tmp_path: Path) -> None:
    run_study(vowels("controller.kind=subspace_newton", "controller.queries=300"), tmp_path / "run.h5")
    with open_trace(tmp_path / "run.h5") as trace:
        accuracy = trace.metrics()["test_accuracy"].value
        assert (trace.status, trace.queries) == ("complete", 300)
        assert accuracy[-1] > accuracy[0] + 0.2
        assert (trace.state("final_phases") == trace.state("incumbent_phases")).all()


@pytest.mark.parametrize("queries", [None, 5000])
def test_the_study_s_queries_end_a_search_of_one_s_own_after_its_last_generation_was_told(
    queries: int | None, tmp_path: Path
) -> None:
    """SepCMA takes 16 candidates for 67 phases: 320 queries would be spent by its 20th generation."""
    own = ask_tell(sep_cma_es, queries=queries)
    run_study(vowels("controller.queries=320"), tmp_path / "run.h5", own=own)
    with open_trace(tmp_path / "run.h5") as trace:
        assert (trace.status, trace.queries) == ("complete", 19 * 16)
        assert len(trace.metrics()["train_loss"].value) == 19
        assert (trace.state("final_phases") == trace.state("incumbent_phases")).all()


def test_a_dry_run_expects_all_the_queries_of_a_population() -> None:
    """The first pilot has 64 queries, less than one generation of a hundred."""
    study = vowels("controller.kind=pso", "controller.population=100", "controller.queries=3000")
    assert 2900 < estimate(study).queries <= 3000
