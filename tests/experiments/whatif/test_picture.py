"""Tests of the what-if's figure: axes that suit the parameter, units on them, and never a panel of one dot."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from experiments.whatif import picture
from experiments.whatif.picture import draw_whatif
from experiments.whatif.points import Point, Scalar, WhatIf

Draw = Callable[[WhatIf], Figure]


def point(changed: dict[str, Scalar], time: float) -> Point:
    return Point(changed, 2.0 * time, 8.0 * time, 16.0 * time**2, time, time, time**2, "host.think", ())


def whatif(swept: tuple[str, ...], *points: Point) -> WhatIf:
    return WhatIf("closed", "run.h5", "0" * 32, "costs $5 to $10", swept, point({}, 1.0), points)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Draw:
    """Return a function that draws a what-if and gives the figure."""

    def draw(found: WhatIf) -> Figure:
        kept: list[Figure] = []
        written = picture.write_image
        monkeypatch.setattr(
            picture, "write_image", lambda figure, *rest: kept.append(figure) or written(figure, *rest)
        )
        draw_whatif(found, tmp_path / "a.png", force=True)
        return kept[0]

    return draw


def decades(*factors: float) -> tuple[Point, ...]:
    return tuple(point({"chip.link.latency_s": 1e-6 * f, "host.overhead_s": 1e-6}, f) for f in factors)


def test_both_axes_are_logarithmic_where_the_parameters_are(drawn: Draw) -> None:
    figure = drawn(whatif(("chip.link.latency_s",), *decades(1, 10, 100, 1000)))
    assert [(p.get_xscale(), p.get_yscale()) for p in figure.axes] == 3 * [("log", "log")]
    figure.draw_without_rendering()
    shown = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert {"1 µs", "10 µs", "1 ms"} <= set(shown)


def test_both_axes_are_linear_where_the_parameter_spans_little(drawn: Draw) -> None:
    figure = drawn(whatif(("chip.link.latency_s",), *decades(1, 2, 3)))
    assert [(p.get_xscale(), p.get_yscale(), p.get_ylim()[0]) for p in figure.axes] == 3 * [
        ("linear", "linear", 0.0)
    ]


@pytest.mark.parametrize(
    "found",
    [
        whatif((), point({"host.overhead_s": 1e-6, "chip.preset": "a$b$"}, 0.5)),
        whatif(("host.overhead_s",), point({"host.overhead_s": 1e-6}, 0.5)),
        whatif(
            ("chip.preset",), point({"chip.preset": "paper"}, 0.5), point({"chip.preset": "lab_loop"}, 1e6)
        ),
        whatif((), point({"host.overhead_s": 1e-6}, float("nan"))),
    ],
)
def test_points_without_an_axis_are_bars_beside_the_recording(drawn: Draw, found: WhatIf) -> None:
    figure = drawn(found)
    assert [len(panel.patches) for panel in figure.axes] == 3 * [1 + len(found.points)]
    assert [len(panel.lines) for panel in figure.axes] == [0, 0, 0]


def test_lines_have_names_of_which_a_few_stand_for_many(drawn: Draw) -> None:
    grid = [
        point({"host.overhead_s": a, "chip.link.latency_s": b}, a * 1e6 + b * 1e3)
        for b in np.geomspace(1e-6, 1e-3, 12).tolist()
        for a in (1e-6, 2e-6)
    ]
    figure = drawn(whatif(("host.overhead_s", "chip.link.latency_s"), *grid))
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert (len(names), names[0], names[-2:]) == (9, "latency_s = 1 µs", ["latency_s = 1 ms", "as recorded"])
    assert figure.axes[2].get_title("right") == "12 lines, 8 of them named below"
