"""Tests of ``lightloop paper figure4``: the law holds in the simulation, and tables say what is fitted."""

from pathlib import Path

import pytest

from experiments.paper.training_time.figure4 import (
    FIGURE4,
    Predicted,
    _draw,
    _fitted_table,
    _predicted_table,
    break_even_rows,
    break_even_width,
)
from experiments.paper.training_time.sets import SETS, Fitted


def predicted(gain_s: float) -> Predicted:
    curves = ((100, 2e-3, 3e-3), (3080, 13.39e-3, 13.39e-3 - gain_s))
    fitted = Fitted(0.9, 1500.0)
    return Predicted(
        SETS[0], fitted, 13.39e-3, 13.39e-3 - gain_s, 1e-4, 2700, (2.0, 1.5, 1.1), 0.5, 1.4, 0.7, 0.5, curves
    )


def test_the_law_says_how_many_rows_the_simulation_wins_with() -> None:
    law, simulated = break_even_rows()
    assert law < simulated <= law + 1.5


def test_the_law_says_how_wide_the_simulation_must_be() -> None:
    law, simulated = break_even_width()
    assert simulated == pytest.approx(law, rel=0.02)


@pytest.mark.parametrize(("gain_s", "said"), [(0.3e-3, "met"), (0.5e-3, "missed")])
def test_a_gain_is_called_met_or_missed(gain_s: float, said: str) -> None:
    assert said in _fitted_table([predicted(gain_s)]).texts()[0]
    assert "all of it predicted" in _predicted_table([predicted(gain_s)]).notes[0]


def test_the_figure_is_drawn(tmp_path: Path) -> None:
    _draw([predicted(0.3e-3)], tmp_path / "figure4.png", "label")
    assert (tmp_path / "figure4.png").stat().st_size > 0


def test_a_quick_run_has_three_sets_of_assumptions() -> None:
    assert FIGURE4.quick is not None
    assert FIGURE4.quick.size == 3
    assert len(SETS) >= 3
