"""A figure of several traces: a line a group of seeds, at the mean of its members, with its interval."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from emulator.errors import ConfigError, TraceError
from emulator.trace.open import open_trace
from experiments.figure.kinds import draw_figure
from experiments.figure.seeds import MOST, seeds_figure
from experiments.output.drawing import drawing
from experiments.output.statistics import t_mean
from tests.experiments.compare.seed_traces import seed_trace
from tests.experiments.light_traces import record_light

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIX, EIGHT = (0.60, 0.70, 0.80), (0.75, 0.80, 0.90)


def drawn(paths: Sequence[Path], kind: str = "recovery") -> "Figure":
    with ExitStack() as stack, drawing():
        figure = seeds_figure([stack.enter_context(open_trace(path)) for path in paths], kind)
        figure.draw_without_rendering()
        return figure


def legend(figure: "Figure") -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    runs = [(6, seed, value) for seed, value in enumerate(SIX)]
    runs += [(8, seed, value) for seed, value in enumerate(EIGHT)]
    return [seed_trace(tmp_path, *run) for run in runs]


def test_a_line_is_the_mean_of_its_seeds_and_its_band_their_interval(paths: list[Path]) -> None:
    figure = drawn(paths)
    top = figure.axes[0]
    lines = [line for line in top.lines if line.get_linewidth() > 1.0]
    assert [list(np.asarray(line.get_ydata()))[-1] for line in lines] == [
        pytest.approx(100 * np.mean(values)) for values in (SIX, EIGHT)
    ]
    assert len({str(line.get_color()) for line in lines}) == 2
    edges = [float(np.asarray(line.get_ydata())[-1]) for line in top.lines if line.get_linewidth() < 1.0]
    ends = [end for mean in map(t_mean, (SIX, EIGHT)) for end in (mean.low, min(1.0, mean.high))]
    assert edges == pytest.approx([100 * end for end in ends])


def test_the_legend_names_groups_with_their_seeds_and_what_the_band_is(paths: list[Path]) -> None:
    low, high = (100 * end for end in (t_mean(SIX).low, t_mean(SIX).high))
    first, _, band = legend(drawn(paths))
    assert first == f"bits = 6: at the end 70.0 %, {low:.1f} % to {high:.1f} % (3 seeds)"
    assert band == "95 % interval of the mean over seeds (Student's t)"
    mixed = legend(drawn(paths[:4]))
    assert mixed[1] == "b8s0: at the end 75.0 % (1 seed)"
    assert mixed[2].endswith("(Student's t); of one seed: of its test samples")


def test_the_figure_says_how_many_traces_and_seeds_it_shows(paths: list[Path]) -> None:
    assert "6 traces · status complete · seeds 0 to 2" in drawn(paths).get_suptitle()


def test_trainings_are_grouped_too(light_trace: Path, tmp_path: Path) -> None:
    other = record_light(tmp_path / "1.h5", "trace.detail=full", "seed=1")
    figure = drawn([light_trace, other], "learning")
    assert [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()] == [
        "Test accuracy (%)", "Alignment (cosine),\nmean of layers"
    ]  # fmt: skip
    assert "(2 seeds)" in legend(figure)[0] or "in all 2 seeds" in legend(figure)[0]


def test_more_groups_than_looks_are_refused(tmp_path: Path) -> None:
    paths = [seed_trace(tmp_path, bits, 0, 0.5) for bits in range(1, MOST + 2)]
    with pytest.raises(ConfigError, match=f"13 groups of seeds; allowed: up to {MOST}"):
        drawn(paths)


def test_what_cannot_be_one_figure_is_refused_before_anything_is_written(
    paths: list[Path], light_trace: Path, tmp_path: Path
) -> None:
    out = tmp_path / "a.png"
    with pytest.raises(ConfigError, match="--kind pipeline shows one trace, and 6 are given"):
        draw_figure(paths, out, "pipeline")
    with pytest.raises(ConfigError, match=r"is about a recovery and .* about a learning"):
        draw_figure([paths[0], light_trace], out)
    with pytest.raises(TraceError, match="no epoch"):
        draw_figure(paths, out, "learning")
    with pytest.raises(ConfigError, match="no trace is given"):
        draw_figure([], out)
    assert not out.exists()
    draw_figure(paths, out)
    assert out.read_bytes()[:4] == b"\x89PNG"
