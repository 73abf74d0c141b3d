"""The tornado: a panel a measure, the longest bars first, and none that could not be seen."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from experiments.whatif import tornado
from experiments.whatif.elasticity import elasticities


def test_bars_are_as_long_as_the_changes_and_ordered(
    small_trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Figure] = []
    monkeypatch.setattr(tornado, "write_image", lambda figure, *rest: kept.append(figure))
    found = elasticities(small_trace)
    tornado.draw_tornado(found, tmp_path / "tornado.png")
    panels = kept[0].axes
    assert [panel.get_xlabel() for panel in panels] == [
        "Change of time (%)", "Change of energy (%)", "Change of energy × delay (%)"
    ]  # fmt: skip
    for panel, measure in zip(panels, ("time_s", "energy_j", "edp_js"), strict=True):
        first = found.ranked(measure)[0]
        halved = first.change(0.5)
        assert halved is not None
        bars = panel.containers[0].patches  # type: ignore[attr-defined]
        assert bars[0].get_width() == pytest.approx(
            100 * (halved.of(measure) / found.baseline.of(measure) - 1)
        )
        assert panel.get_yticklabels()[0].get_text().startswith(first.path)
        assert len(bars) <= 10
