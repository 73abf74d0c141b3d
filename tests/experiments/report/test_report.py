"""Tests of reports as files: complete, self-contained, escaped, of a bounded size, and never written unasked."""

import base64
import hashlib
import json
import re
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from emulator.errors import ConfigError, TraceError
from emulator.trace import Header, Recorder
from experiments.inspect.inspection import inspect_trace
from experiments.report.report import write_report
from experiments.report.section import COLOURS, colour, plot_labels, plot_text
from tests.experiments.light_traces import record_light
from tests.experiments.report.report_traces import HOSTILE, hostile_trace, pipelined_trace

MAX_BYTES = 3_000_000
SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def page_of(paths: list[Path], out: Path) -> str:
    write_report(paths, out)
    return out.read_text(encoding="utf-8")


def numbers_of(page: str) -> dict[str, list[dict[str, list[float]]]]:
    found = re.search(r'<script id="report-data" type="application/json">(.*?)</script>', page)
    assert found is not None
    return json.loads(found[1], parse_constant=pytest.fail)


def table_after(page: str, ident: str) -> list[list[str]]:
    """Return the cells of the first table of the section ``ident``."""
    body = page.partition(f'<section id="{ident}">')[2].partition("</table>")[0]
    return [re.findall(r"<t[dh]>(.*?)</t[dh]>", row) for row in re.findall(r"<tr>(.*?)</tr>", body)]


@pytest.fixture(scope="module")
def page(small_trace: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return page_of([small_trace], tmp_path_factory.mktemp("report") / "report.html")


def test_the_page_has_every_section_and_says_where_its_numbers_come_from(
    page: str, small_trace: Path
) -> None:
    found = inspect_trace(small_trace)
    sections = re.findall(r'<section id="([a-z-]+)">', page)
    assert sections == [
        "results",
        "accuracy",
        "time",
        "energy",
        "utilisation",
        "critical-path",
        "timeline",
        "what-if",
        "metrics",
        "provenance",
        "configuration",
    ]
    words = [found.title, found.digest, found.config_digest, found.created, "complete", "version", "numpy"]
    assert [word for word in words if word not in page] == []
    assert [name for name in sections if f'href="#{name}"' not in page] == []


@pytest.mark.parametrize("ident", ["time", "energy", "critical-path"])
def test_the_printed_ledgers_add_up_to_their_printed_totals(page: str, ident: str) -> None:
    head, *rows, foot = table_after(page, ident)
    for at in range(1, len(head)):
        parts = [Decimal(row[at].replace(",", "")) for row in rows]
        assert sum(parts) == Decimal(foot[at].replace(",", "")), head[at]


def test_the_page_is_one_file_that_may_ask_for_nothing(page: str) -> None:
    assert len(page.encode()) < MAX_BYTES
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "unsafe-eval" not in policy[1]
    markup = SCRIPT.sub("", page)
    assert re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', markup) == []
    assert "@import" not in markup
    assert "url(" not in markup


def test_only_the_scripts_of_the_page_may_run(page: str) -> None:
    policy = page.partition("script-src ")[2].partition(";")[0]
    digests = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in SCRIPT.findall(page)
    ]
    assert policy.split() == [f"'sha256-{digest}'" for digest in digests]
    assert len(digests) >= 3
    assert re.findall(r"\son[a-z]+=", SCRIPT.sub("", page)) == []


def test_the_whatif_starts_from_the_recorded_totals(page: str, small_trace: Path) -> None:
    found, (run,) = inspect_trace(small_trace), numbers_of(page)["runs"]
    assert sum(run["time_s"]) == pytest.approx(found.elapsed_s, rel=1e-9)
    assert np.sum(run["energy_j"]) == pytest.approx(found.energy_j, rel=1e-9)
    assert len(run["time_slider"]) == len(run["time_s"])
    sliders = page.count("data-whatif=")
    assert max(*run["time_slider"], *run["power_slider"]) == sliders - 1


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("trace.detail=full",),
        ("opu.pcie.latency_s=1 ms",),
        ("controller.schedule=late", "host.flops_per_s=1e10"),
    ],
)
def test_the_sliders_of_a_training_with_light_follow_its_ledgers(
    overrides: tuple[str, ...], tmp_path: Path
) -> None:
    path = record_light(tmp_path / "light.h5", "controller.epochs=1", *overrides)
    (run,) = numbers_of(page_of([path], tmp_path / "report.html"))["runs"]
    found = inspect_trace(path)
    assert run["time_s"] == list(found.latency_by_span_s.values())
    assert np.sum(run["energy_j"], axis=0) == pytest.approx(
        list(found.energy_by_component_j.values()), rel=1e-12
    )
    box = list(found.energy_by_component_j).index("opu.box")  # draws 30 W, whatever is under way
    assert np.array(run["energy_j"])[:, box] == pytest.approx(
        30.0 * np.array(run["time_s"]), rel=1e-9, abs=1e-12
    )
    hosts = [name for name in found.energy_by_component_j if name.startswith("host")]
    drawn_w = sum(
        np.array(run["energy_j"])[:, list(found.energy_by_component_j).index(name)] for name in hosts
    )
    assert np.all(drawn_w <= 400.0 * np.array(run["time_s"]) + 1e-12)  # active, and grabbing one frame


def test_several_traces_are_compared(small_trace: Path, tmp_path: Path) -> None:
    opu = pipelined_trace(tmp_path / "opu.h5")
    text = page_of([small_trace, opu, pipelined_trace(tmp_path / "brief.h5", "summary")], tmp_path / "r.html")
    assert 'id="differences"' in text
    assert "opu.frame_s" in text
    assert "missing" in text
    assert "brief holds no commands" in text
    assert [axis["field"] for axis in numbers_of(text)["axes"]] == ["queries", "time"]  # brief has no energy


def test_a_run_without_queries_and_heaters_gets_a_report(tmp_path: Path) -> None:
    text = page_of([pipelined_trace(tmp_path / "opu.h5")], tmp_path / "report.html")
    assert "camera.exposure" in text
    assert [axis["field"] for axis in numbers_of(text)["axes"]] == ["time", "energy"]
    assert "a query" not in text


def test_sections_without_anything_to_show_say_so(tmp_path: Path) -> None:
    Recorder.create(tmp_path / "run.h5", Header.now("no toml", 0)).close("aborted", "", 0, 0)
    text = page_of([tmp_path / "run.h5"], tmp_path / "report.html")
    words = [
        "No trace logged an accuracy",
        "took no emulated time",
        "No trace holds the power",
        "there is no timeline",
        "nothing to stretch",
        "No trace logged a number",
    ]
    assert [word for word in words if word not in text] == []
    assert "no toml" in text


def test_power_that_is_no_number_does_not_keep_the_report_from_being_written(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "run.h5", Header.now("", 0))
    recorder.power(recorder.label("power.component", "chip"), 0, float("nan"))
    recorder.metric("test_accuracy", 500, 1, 0.5)
    recorder.close("diverged", "", 1000, 1)
    text = page_of([tmp_path / "run.h5"], tmp_path / "report.html")
    assert "not recorded" in text
    assert "diverged" in text


def test_no_text_of_a_trace_becomes_markup_or_script(tmp_path: Path) -> None:
    text = page_of([hostile_trace(tmp_path / "run.h5")], tmp_path / "report.html")
    assert HOSTILE not in text
    assert "<script>stolen" not in text
    assert "<img" not in SCRIPT.sub("", text)
    assert "&lt;img" in text
    assert "$$x$$" not in "".join(SCRIPT.findall(text))


def test_long_series_are_thinned_and_the_page_says_so(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "run.h5", Header.now("", 0))
    for row in range(20_000):
        recorder.metric("test_accuracy", row * 1000, row, (row % 97) / 97)
    recorder.close("complete", "", 20_000_000, 20_000)
    text = page_of([tmp_path / "run.h5"], tmp_path / "report.html")
    assert re.search(r"Thinned from 20,000 to (1,9\d\d|2,000) points", text)
    assert len(text.encode()) < MAX_BYTES


def test_a_file_that_lies_there_is_replaced_only_by_force(small_trace: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    out.write_text("precious")
    with pytest.raises(ConfigError, match="--force"):
        write_report([small_trace], out)
    assert out.read_text() == "precious"
    write_report([small_trace], out, force=True)
    assert out.read_text().startswith("<!DOCTYPE html>")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_wrong_requests_are_refused_before_anything_is_read(small_trace: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\.html"):
        write_report([small_trace], tmp_path / "report.pdf")
    with pytest.raises(ConfigError, match="allowed: 1 to 8"):
        write_report([], tmp_path / "report.html")
    with pytest.raises(ConfigError, match="allowed: 1 or more"):
        write_report([small_trace], tmp_path / "report.html", commands=0)
    with pytest.raises(TraceError, match=r"gone\.h5"):
        write_report([tmp_path / "gone.h5"], tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_refused(small_trace: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_report([small_trace], tmp_path / "file" / "report.html")


def test_without_bokeh_the_extra_is_named(
    small_trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "bokeh", None)
    with pytest.raises(ConfigError, match=r"lightloop\[report\]"):
        write_report([small_trace], tmp_path / "report.html")


def test_the_labels_of_an_axis_are_short_distinct_and_no_tex() -> None:
    labels = plot_labels(["x" * 40 + "a", "x" * 40 + "b", "dac", "$$y$$"])
    assert len(set(labels)) == 4
    assert max(map(len, labels)) <= 32
    assert plot_text("\\[x\\(y") == "\\\u200b[x\\\u200b(y"
    assert colour(len(COLOURS)) == COLOURS[0]
