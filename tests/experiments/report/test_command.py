"""Tests of ``lightloop report``: it says where the page is, and replaces none unasked."""

import math
import warnings
from pathlib import Path

import pytest

from emulator.plan import Step
from emulator.trace import NO_COMMAND, Header, Recorder
from experiments.cli import main
from tests.experiments.command_line import refusal


def test_the_page_is_written_and_replaced_by_force_only(
    small_trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "page.html"
    words = ("report", small_trace, "-o", out, "--commands", "20")
    assert main([*map(str, words)]) == 0
    assert capsys.readouterr().out == f"report {out}\n"
    assert "--force" in refusal(capsys, *words)
    assert main([*map(str, words), "--force"]) == 0


@pytest.mark.parametrize("value", [math.nan, -math.inf, 1e308])
def test_numbers_that_no_float_sums_are_shown_by_every_view(value: float, tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "run.h5", Header.now('title = "[/red] $x{"\n', 0))
    power = [recorder.label("power.component", name) for name in ("[/red]", "$$x$$")]
    kind = [recorder.label(f"commands.{column}", "[/red]") for column in ("agent", "instrument", "kind")]
    plan = recorder.plan([Step("a", "b", 1000)])
    for number, component in enumerate(power * 2):
        recorder.power(component, 500 * (number // 2), value)
    for name in ("test_accuracy", "energy_j", "active_phase_rad", "[/red]"):
        recorder.metric(name, 0, 0, value)
    recorder.command(*kind, plan, NO_COMMAND, 0, 0, 1000, -1, 0.0, 0.0)
    recorder.close("complete", "[/red]", 10_000, 1)
    path = str(tmp_path / "run.h5")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for words in (
            ["inspect", path],
            ["inspect", path, "--json"],
            ["inspect", path, "--critical-path"],
            ["compare", path, path],
            ["report", path, "-o", str(tmp_path / "run.html")],
            ["timeline", path, "-o", str(tmp_path / "run.json")],
        ):
            assert main(words) == 0, words
