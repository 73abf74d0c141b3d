"""Tests of the tables and figures of climate emulators."""

from pathlib import Path

import numpy as np
import pytest

from controllers.feedback_alignment.options import OdfaConfig
from experiments.output.tables import to_markdown
from experiments.paper.odfa import climate
from experiments.paper.odfa.climate import ODFA_CLIMATE, SETUPS, tables_of
from experiments.paper.odfa.learnt import Learnt
from experiments.paper.odfa.ways import Setup
from experiments.run.launch import open_study

ERRORS = {"bp": 0.76, "bp-own": 0.75, "dfa": 0.77, "tdfa": 0.78, "odfa": 0.76, "shlw": 0.79}


def run(way: str, seed: int = 0) -> Learnt:
    """Return a training of ``way`` as it could have ended."""
    lat, lon = np.linspace(-10.0, 10.0, 5), np.linspace(0.0, 30.0, 7)
    truth = np.add.outer(lat, lon)
    return Learnt(
        seed, "complete", "2026-11-29",
        {
            "test_rmse_k": ERRORS[way] + 0.002 * seed, "val_rmse_k": 0.7, "map_error_k": 0.03, "map_nrmse_s": 0.1,
            "map_nrmse_g": 0.2, "ridge_rmse_k": 0.722, "ridge_nrmse_s": 0.09, "ridge_nrmse_g": 0.08,
            "ridge_penalty": 0.1,
        },
        {"map_truth": truth, "map_predicted": truth + 0.5, "map_lat": lat, "map_lon": lon},
        3600.0, 2e5,
    )  # fmt: skip


def found(name: str = "na-fcnn", seeds: int = 2) -> dict[str, list[Learnt]]:
    return {f"{name}-{way}": [run(way, seed) for seed in range(seeds)] for way in ERRORS}


def test_every_way_has_a_row_and_ridge_stands_beside_them() -> None:
    (table,) = tables_of(found())
    text = to_markdown(table)
    assert [row[0] for row in table.rows][-1] == "ridge regression (penalty 0.1)"
    assert len(table.rows) == len(ERRORS) + 1
    assert "| 200.00 ± 0.00 |" in text


def test_what_was_asked_for_is_said_met_or_missed() -> None:
    (table,) = tables_of(found())
    assert "ODFA is 1.013 of BP; asked for: <= 1.03: met" in table.notes
    assert "ODFA has 0.761 K; asked for: <= 0.76 K: MISSED" in table.notes
    (small,) = tables_of(found(), 10)
    assert not any("asked for" in note for note in small.notes)
    (table,) = tables_of(found("bench-vit"))
    assert not any("asked for" in note for note in table.notes)


def test_maps_are_drawn_for_each_network(tmp_path: Path) -> None:
    climate._draw({**found(), **found("na-vit")}, tmp_path / "a.png", "less than the whole")
    assert (tmp_path / "a.png").stat().st_size > 10_000


@pytest.mark.parametrize(("percent", "names"), [(100, 5), (10, 4)])
def test_a_quick_trial_leaves_the_costly_ones_out(percent: int, names: int) -> None:
    assert len(climate._sized(percent)) == names
    assert climate._epochs(percent, SETUPS[0]) == (f"controller.epochs={80 * percent // 100}",)


@pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: setup.name)
def test_a_whole_trial_has_the_epochs_of_the_shipped_study(setup: Setup) -> None:
    options = open_study(setup.study).controller
    assert isinstance(options, OdfaConfig)
    assert climate._epochs(100, setup) == (f"controller.epochs={options.epochs}",)


def test_its_word_is_stable() -> None:
    assert ODFA_CLIMATE.name == "odfa_climate"
