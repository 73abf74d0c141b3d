"""What faults cost: every point is a study, costs are told against the same seed, and traces are read."""

from pathlib import Path

import pytest

from experiments.paper.faults.fault_costs import FaultRun, _draw, _table, read_fault_run
from experiments.paper.faults.faulty import CHIP, FAULTS, LIGHT, points
from experiments.run.run import run_study
from experiments.run.study import study_from_overrides
from tests.weights import share_weights

POINTS = {point.name: point for point in points(100)}


@pytest.mark.parametrize("name", POINTS)
def test_every_point_is_a_study_with_a_guard_or_without(name: str) -> None:
    study = study_from_overrides(POINTS[name].overrides)
    assert study.guard.enabled == name.endswith("-guarded")
    assert bool(study.agents) == ("-none-" not in name)


@pytest.mark.parametrize("queries", [100, 1_000, 20_000])
def test_faults_of_the_chip_begin_within_a_run_of_any_length(queries: int) -> None:
    """A fault that comes after the end costs nothing, whatever it is."""
    for point in points(queries):
        agents = study_from_overrides(point.overrides).agents
        if point.name.startswith(CHIP):
            assert all(getattr(agent, "at_s", 0.0) < 0.1 * queries * 15e-6 for agent in agents)


def run(seed: int, accuracy: float, elapsed_s: float, energy_j: float, logged: int = 0) -> FaultRun:
    return FaultRun(seed, "complete", "", accuracy, elapsed_s, energy_j, logged, 100, 1.0 - accuracy)


def test_costs_are_differences_from_the_run_of_the_same_seed() -> None:
    found = {
        "chip-none-alone": [run(0, 0.9, 1.0, 2.0), run(1, 0.8, 1.0, 2.0)],
        "chip-dead-alone": [run(0, 0.7, 1.5, 2.5), run(1, 0.6, 1.5, 2.5)],
    }
    rows = _table(CHIP, found, 100).texts()
    assert [row[0] for row in rows] == ["nothing", "1 output's detector dead"]
    assert rows[1][4].startswith("20.0")
    assert rows[1][5].startswith("2.50")  # of 0.3 / 0.1 and 0.4 / 0.2
    assert rows[1][7].startswith("0.500")
    assert rows[1][9].startswith("0.50")


def test_the_figure_has_a_row_for_every_fault_that_was_run(tmp_path: Path) -> None:
    found = {
        f"{fault.bench}-{fault.name}-{guard}": [run(0, 0.9, 1.0, 2.0)]
        for fault in FAULTS
        for guard in ("alone", "guarded")
    }
    _draw(found, tmp_path / "costs.png", "")
    assert (tmp_path / "costs.png").stat().st_size > 10_000
    assert {fault.bench for fault in FAULTS} == {CHIP, LIGHT}


def test_a_run_is_read_from_its_trace(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = share_weights(tmp_path_factory.mktemp("costs"), tmp_path_factory)
    monkeypatch.chdir(folder)
    study = study_from_overrides((*POINTS["chip-stuck10-guarded"].overrides, "seed=0"))
    result = run_study(study, folder / "run.h5")
    read = read_fault_run(folder / "run.h5")
    assert (read.status, read.seed) == ("complete", 0)
    assert read.elapsed_s == pytest.approx(result.elapsed_s)
    assert read.energy_j == pytest.approx(result.energy_j)
    assert 0.0 <= read.accuracy <= 1.0
    assert read.loss > 0.0
