"""Elasticities on a terminal: three rankings, break-even points, and lists, within the width."""

from pathlib import Path

import pytest

from experiments.whatif.elasticity import Elasticities, elasticities
from experiments.whatif.elasticity_view import show_elasticities
from tests.experiments.terminal import missing, seen


@pytest.fixture(scope="module")
def found(small_trace: Path) -> Elasticities:
    return elasticities(small_trace)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_every_part_is_there_and_no_line_is_too_long(found: Elasticities, width: int) -> None:
    text = seen(lambda console: show_elasticities(found, console), width)
    parts = (
        "By time", "By energy", "By energy x delay", "Break-even points",
        f"No effect on this run: {len(found.without_effect)}",
        "Not varied", "chip.heaters.settle_s", "host.idle_power_w", "-: refused by a run",
    )  # fmt: skip
    assert missing(parts, text) == []
    assert max(map(len, text.splitlines())) <= width


def test_a_row_has_the_recorded_value_the_ratios_and_the_elasticity(found: Elasticities) -> None:
    text = seen(lambda console: show_elasticities(found, console), 80)
    cost = found.parameters[0].change(2.0)
    assert cost is not None
    assert f"{cost.edp_js / found.baseline.edp_js:.4g}" in text
    assert "5 us" in text
