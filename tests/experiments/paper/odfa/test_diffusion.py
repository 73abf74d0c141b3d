"""Tests of the tables and figures of diffusion."""

from pathlib import Path

import numpy as np

from experiments.paper.odfa import diffusion
from experiments.paper.odfa.diffusion import ODFA_DIFFUSION, SETUPS, tables_of
from experiments.paper.odfa.learnt import Learnt

DISTANCES = {"bp": 28.0, "bp-own": 25.0, "dfa": 40.0, "tdfa": 50.0, "odfa": 45.0, "shlw": 100.0}


def run(way: str) -> Learnt:
    """Return a training of ``way`` as it could have ended."""
    metrics = {
        "frechet": DISTANCES[way], "frechet_real": 3.8, "frechet_noise": 1300.0, "class_agreement": 0.8,
        "class_agreement_real": 0.96, "test_v_error": 0.15, "val_v_error": 0.15, "test_samples": 2000.0,
    }  # fmt: skip
    return Learnt(0, "complete", "2026-11-29", metrics, {"drawn": np.full((80, 16, 16), 0.5)}, 60.0, 5e3)


def found(name: str = "digits") -> dict[str, list[Learnt]]:
    return {f"{name}-{way}": [run(way)] for way in DISTANCES}


def test_real_pictures_and_noise_stand_beside_the_drawn_ones() -> None:
    (table,) = tables_of(found(), 3000)
    assert [row[0] for row in table.rows][-2:] == ["real, learnt against tested", "noise"]
    assert len(table.rows) == len(DISTANCES) + 2


def test_what_was_asked_for_is_said_of_whole_trainings_alone() -> None:
    (table,) = tables_of(found(), 3000)
    assert "ODFA: 45.0; asked for <= 80: met; aim 40: MISSED" in table.notes
    assert "BP, its own best rates: 25.0; asked for <= 30: met" in table.notes
    assert "SHLW: 100.0; asked for >= 110: MISSED" in table.notes
    (small,) = tables_of(found(), 600)
    assert not any("asked for" in note for note in small.notes)


def test_clothes_have_a_third_of_the_steps() -> None:
    assert diffusion._size(3000, SETUPS[1])[0] == "controller.steps=1000"
    (table,) = tables_of(found("clothes"), 3000)
    assert "1,000 steps" in table.title


def test_pictures_are_drawn_in_grids(tmp_path: Path) -> None:
    diffusion._draw({**found(), **found("clothes")}, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 5_000


def test_its_word_is_stable() -> None:
    assert ODFA_DIFFUSION.name == "odfa_diffusion"
