"""The report on a critical path adds up, goes through JSON, and is shown whole."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from emulator.errors import TraceError
from emulator.trace import Header, Recorder
from experiments.inspect.critical_path import PathReport, path_report, report_path
from experiments.inspect.critical_path_view import show_path
from tests.trace_builders import small_trace


def example() -> PathReport:
    rows = [(0, 0, 1, 1, -1, 2, 2, 16), (1, 0, 0, 2, -1, 4, 12, 16), (0, 1, 1, 0, 0, 16, 19, 26)]
    plans = [(1, 0, 0, 6), (1, 1, 1, 4), (1, 2, 2, 4, 0), (2, 0, 0, -1)]
    return path_report(small_trace(rows, plans, 30, spans=[(0, 1, 3, 8, 0)]), longest=3)


def test_the_shares_add_up_to_the_elapsed_time() -> None:
    found = example()
    assert {one.name: one.ps for one in found.shares} == {
        "opu.service": 7,
        "idle": 6,
        "link.rest": 5,
        "host.think": 4,
        "laser.rest": 4,
        "wait for opu": 3,
        "link.first": 1,
    }
    assert sum(one.ps for one in found.shares) == found.elapsed_ps == 30
    assert sum(one.share for one in found.shares) == pytest.approx(1)
    assert [one.ps for one in found.shares] == sorted((one.ps for one in found.shares), reverse=True)


def test_the_longest_steps_say_what_they_went_into() -> None:
    found = [
        (one.name, one.from_ps, one.to_ps, one.command, one.most, one.most_share) for one in example().longest
    ]
    assert found == [
        ("chip forward", 2, 16, 0, "link.rest", 5 / 14),
        ("opu forward", 19, 26, 2, "opu.service", 1.0),
        ("idle", 26, 30, -1, "idle", 1.0),
    ]


def test_the_use_of_resources_is_reported() -> None:
    uses = {
        one.resource: (one.spans, one.busy_s, one.overlap_s, one.utilisation) for one in example().resources
    }
    assert uses["link"] == (3, 10e-12, 5e-12, pytest.approx(10 / 30))
    assert uses["host"] == (1, 4e-12, 0.0, pytest.approx(4 / 30))
    assert all(one.busy_s + one.idle_s == pytest.approx(30e-12) for one in example().resources)


def test_the_report_goes_through_json() -> None:
    read = json.loads(example().to_json())
    assert read["elapsed_ps"] == 30
    assert sum(one["ps"] for one in read["shares"]) == 30
    assert read["resources"][0].keys() == {
        "resource",
        "spans",
        "busy_s",
        "overlap_s",
        "idle_s",
        "utilisation",
    }


def test_the_tables_show_everything() -> None:
    out = StringIO()
    show_path(example(), Console(file=out, width=100))
    text = out.getvalue()
    for word in (
        "Critical path: 5 steps",
        "wait for opu",
        "sum = elapsed",
        "30 ps",
        "chip forward",
        "overlap",
    ):
        assert word in text


def test_a_run_without_time_has_an_empty_report() -> None:
    found = path_report(small_trace())
    assert (found.steps, found.shares, found.longest, found.resources) == (0, (), (), ())


def test_a_file_is_opened_and_a_summary_refused(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "run.h5", Header("", 0, "", (), ""), "summary")
    recorder.close("complete", "", 5, 0)
    with pytest.raises(TraceError, match="has no critical path"):
        report_path(recorder.path)
