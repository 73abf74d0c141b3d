"""A what-if on a terminal: what was varied stands in columns, what was fixed above, every warning once below."""

import pytest

from experiments.whatif.points import Point, Scalar, WhatIf
from experiments.whatif.view import show_whatif
from tests.experiments.terminal import WIDTHS, missing, seen

LESS_SETTLED = "light comes 1 us after phases change, and came 7 us"


def point(changed: dict[str, Scalar], time: float, *warnings: str) -> Point:
    return Point(changed, 2.0 * time, 8.0, 16.0 * time, time, 1.0, time, "host.compute", warnings)


def whatif(*points: Point) -> WhatIf:
    return WhatIf("closed", "run.h5", "0" * 32, "Vowels", ("host.overhead_s",), point({}, 1.0), points)


SWEPT = whatif(
    point({"host.overhead_s": 1e-6, "chip.dac.update_s": 2e-6}, 0.5, LESS_SETTLED),
    point({"host.overhead_s": 1e-5, "chip.dac.update_s": 2e-6}, 0.75, LESS_SETTLED),
)


@pytest.mark.parametrize("width", WIDTHS)
def test_what_was_set_what_was_swept_and_the_warnings_are_said_once(width: int) -> None:
    text = seen(lambda console: show_whatif(SWEPT, console), width)
    sentences = (
        "What if: Vowels, re-timed (closed: readings and choices as recorded)",
        "overhead_s: host.overhead_s",
        "chip.dac.update_s = 2 us",
        f"[1] {LESS_SETTLED}",
    )
    assert missing(sentences, text) == []
    assert " ".join(text.split()).count(LESS_SETTLED) == 1


def test_a_row_has_its_value_its_amounts_their_ratios_and_what_binds() -> None:
    text = seen(lambda console: show_whatif(SWEPT, console), 80)
    rows = (
        "0 2 s 1 8 J 1 1 host.compute",
        "1 1 us 1 s 0.5 8 J 1 0.5 host.compute [1]",
        "2 10 us 1.5 s 0.75 8 J 1 0.75 host.compute [1]",
    )
    assert missing(rows, text) == []


def test_parameters_that_end_alike_keep_their_whole_path() -> None:
    text = seen(
        lambda console: show_whatif(
            whatif(
                point({"chip.dac.power_w": 1.0, "opu.power_w": 1}, 1.0),
                point({"chip.dac.power_w": 2.0, "opu.power_w": True}, 1.0),
            ),
            console,
        ),
        120,
    )
    assert missing(("chip.dac.power_w opu.power_w", "1 W 1 W", "2 W True"), text) == []
