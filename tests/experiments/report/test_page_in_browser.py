"""Tests of reports in a browser: no error, no request, and every control changes what it is there for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from experiments.inspect.inspection import inspect_trace
from experiments.report.report import write_report
from tests.experiments.report.report_traces import hostile_trace, pipelined_trace

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

READY = "window.Bokeh && Bokeh.documents.length > 0 && Bokeh.documents[0].is_idle"
MODEL = "name => Bokeh.documents[0].get_model_by_name(name)"


@dataclass
class Visit:
    """A page in a browser, and what went wrong there."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def number(self, selector: str) -> float:
        """Return the number that an element of the page begins with."""
        return float(self.page.inner_text(selector).split()[0])


Open = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Open]:
    """Return a function that opens a report; afterwards nothing may have been complained of or asked for."""
    opened: list[Visit] = []

    def open_report(path: Path, width: int = 1280) -> Visit:
        page = browser.new_page(viewport={"width": width, "height": 900})
        here = Visit(page)
        page.on("pageerror", lambda error: here.complaints.append(str(error)))
        page.on(
            "console",
            lambda line: here.complaints.append(line.text) if line.type in ("error", "warning") else None,
        )
        page.on("request", lambda request: here.requests.append(request.url))
        page.route("**/*", lambda route, request: _let_pass(route, request.url))
        page.goto(path.as_uri())
        page.wait_for_function(READY)
        opened.append(here)
        return here

    yield open_report
    for here in opened:
        assert here.complaints == []
        assert [url for url in here.requests if not url.startswith(("file:", "data:"))] == []
        here.page.close()


def _let_pass(route: object, url: str) -> None:
    route.continue_() if url.startswith(("file:", "data:")) else route.abort()


@pytest.fixture(scope="module")
def report(small_trace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    write_report([small_trace, pipelined_trace(folder / "opu.h5")], folder / "report.html")
    return folder / "report.html"


@pytest.fixture(scope="module")
def small_report(small_trace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pages") / "small.html"
    write_report([small_trace], out)
    return out


@pytest.mark.parametrize("width", [1280, 900])
def test_the_page_is_drawn_without_complaint_and_fits_its_window(
    visit: Open, report: Path, width: int, tmp_path: Path
) -> None:
    page = visit(report, width).page
    assert page.locator("section").count() == 12
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(INK, "#accuracy") > 1000
    assert page.evaluate(INK, "#timeline") > 1000
    full, empty = tmp_path / "full.png", tmp_path / "empty.png"
    page.screenshot(path=full, full_page=True)
    page.add_style_tag(content="main { visibility: hidden; }")
    page.screenshot(path=empty, full_page=True)
    assert full.stat().st_size > 3 * empty.stat().st_size


INK = """selector => {
  const canvases = [];
  const collect = (root) => {
    for (const node of root.querySelectorAll("*")) {
      if (node.tagName === "CANVAS") canvases.push(node);
      if (node.shadowRoot) collect(node.shadowRoot);
    }
  };
  collect(document.querySelector(selector));
  let ink = 0;
  for (const canvas of canvases) {
    if (!canvas.width || !canvas.height) continue;
    const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 0 && data[at] < 200) ink += 1;
  }
  return ink;
}"""


def test_the_choice_moves_the_accuracy_to_another_axis(visit: Open, report: Path) -> None:
    page = visit(report).page
    labels, last = [], []
    for choice in range(page.locator("#accuracy-choice option").count()):
        page.select_option("#accuracy-choice", str(choice))
        labels.append(page.evaluate(f"({MODEL})('accuracy-axis').axis_label"))
        x = page.evaluate(f"Array.from(({MODEL})('accuracy-curve-0-measured').data_source.data.x)")
        assert x[-1] <= page.evaluate(f"({MODEL})('accuracy-range').end")
        last.append(x[-1])
    assert labels == ["Queries", "Emulated time (ms)", "Energy (mJ)"]
    assert len(set(last)) == 3


def test_the_axis_ends_where_the_trace_ends(visit: Open, small_report: Path, small_trace: Path) -> None:
    page, found = visit(small_report).page, inspect_trace(small_trace)
    page.select_option("#accuracy-choice", "1")
    assert page.evaluate(f"({MODEL})('accuracy-range').end") == pytest.approx(1e3 * found.elapsed_s, rel=0.05)


def test_a_slower_host_takes_more_time_and_energy_and_the_button_takes_it_back(
    visit: Open, small_report: Path, small_trace: Path
) -> None:
    here, found = visit(small_report), inspect_trace(small_trace)
    page = here.page
    before = here.number("#whatif-time-0"), here.number("#whatif-energy-0")
    assert before == (here.number("#whatif-time-recorded-0"), here.number("#whatif-energy-recorded-0"))
    page.get_by_label("host time").fill("1")  # ten times
    host_s = sum(s for span, s in found.latency_by_span_s.items() if span.startswith("host."))
    grown = (found.elapsed_s + 9 * host_s) / found.elapsed_s
    assert here.number("#whatif-time-ratio-0") == pytest.approx(grown, abs=5e-4)
    assert here.number("#whatif-time-0") == pytest.approx(before[0] * grown, rel=1e-4)
    assert (
        here.number("#whatif-energy-ratio-0") > grown
    )  # the host draws more than the mean while it computes
    page.click("#whatif-reset")
    assert (here.number("#whatif-time-0"), here.number("#whatif-energy-0")) == before


def test_stronger_heaters_take_their_own_energy_and_no_time(
    visit: Open, small_report: Path, small_trace: Path
) -> None:
    here, found = visit(small_report), inspect_trace(small_trace)
    here.page.get_by_label("chip.heaters power").fill("-1")  # a tenth
    saved = 0.9 * found.energy_by_component_j["chip.heaters"] / found.energy_j
    assert here.number("#whatif-energy-ratio-0") == pytest.approx(1 - saved, abs=5e-4)
    assert here.number("#whatif-time-ratio-0") == 1.0


def test_the_slider_moves_the_window_of_the_timeline(visit: Open, report: Path) -> None:
    page = visit(report).page
    place = f"(() => {{ const r = ({MODEL})('timeline-range-0'); return [r.start, r.end]; }})()"
    start, end = page.evaluate(place)
    page.locator("#timeline-start-0").fill("1000")
    moved_start, moved_end = page.evaluate(place)
    assert start == 0
    assert moved_start > end
    assert moved_end - moved_start == pytest.approx(end - start)


def test_pointing_at_a_slice_tells_what_it_is(visit: Open, small_report: Path) -> None:
    page = visit(small_report).page
    plot = page.locator("#timeline .bk-Figure").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 170, box["y"] + 46)
    page.wait_for_selector("text=szo_scd (agent)")


def test_a_hostile_trace_runs_nothing(visit: Open, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    write_report([hostile_trace(tmp_path / "run.h5")], out)
    page = visit(out).page
    plot = page.locator("#timeline .bk-Figure").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    for step in range(12):
        page.mouse.move(box["x"] + 170 + 8 * step, box["y"] + 46)
    page.wait_for_selector("text=0.000 ns")  # the hostile names are in the tooltip now
    assert page.evaluate("typeof window.stolen") == "undefined"
    assert page.locator("img[src=x]").count() == 0
    assert "onerror" in page.inner_text("h1")
