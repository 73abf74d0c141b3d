"""Figures of a sweep: lines, heat maps and the front are drawn, with units."""

from pathlib import Path

import pytest

from emulator.streams import stream
from experiments.figure.sweep import beside, draw_front, draw_sweep
from experiments.output.pareto import goals_of
from experiments.output.statistics import share_interval
from experiments.sweep.folder import Record
from experiments.sweep.plan import plan_of
from experiments.sweep.results import Row
from experiments.sweep.summary import Summary, summarize
from tests.experiments.sweep.runs import SHORT

AXES = ("chip.heaters.settle_s=1us:100us:3:log", "chip.dac.bits=6,8", "chip.mesh.layout=a,b")


def found(sweeps: tuple[str, ...], missing: int = 0) -> Summary:
    plan = plan_of("vowel_recovery", sweeps, 2, SHORT)
    rng = stream(1, "figure")
    rows = []
    for run in plan.runs:
        numbers = {"accuracy": 0.8 + 0.1 * rng.random(), "test_samples": 50.0, "elapsed_s": 1e-3 * run.point}
        numbers |= {"energy_j": rng.random(), "energy_delay_j_s": 1.0}
        failed = run.point == missing
        record = Record("failed" if failed else "complete", "", 1, {} if failed else numbers)
        rows.append(Row.of(run, record, share_interval))
    return summarize(plan, rows, "$5 and $x_1$", goals_of("accuracy,energy_j"))


@pytest.mark.parametrize("sweeps", [AXES[:1], AXES[:2], ("task.split=random,speaker", *AXES[:2])])
def test_every_kind_of_axes_is_drawn(sweeps: tuple[str, ...], tmp_path: Path) -> None:
    summary = found(sweeps)
    png, svg = draw_sweep(summary, beside(tmp_path / "sweep"))
    assert png.read_bytes()[:4] == b"\x89PNG"
    assert "Accuracy (%)" in svg.read_text(encoding="utf-8")


def test_failed_points_are_named_in_heat_maps(tmp_path: Path) -> None:
    _, svg = draw_sweep(found(AXES[:2], missing=2), beside(tmp_path / "heat"))
    assert "failed" in svg.read_text(encoding="utf-8")


def test_the_front_is_drawn_with_its_goals(tmp_path: Path) -> None:
    _, svg = draw_front(found(AXES[:2], missing=1), beside(tmp_path / "pareto"))
    text = svg.read_text(encoding="utf-8")
    assert "Pareto front" in text
    assert "Accuracy (%)" in text
