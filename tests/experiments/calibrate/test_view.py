"""Tests of how a calibration is shown, and of the snippet, which a study accepts."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from emulator.config.toml import parse_toml
from emulator.errors import ConfigError
from experiments.calibrate.calibration import Calibration, calibrate
from experiments.calibrate.snippet import snippet, write_snippet
from experiments.calibrate.view import show_calibration
from experiments.run.study import Study, load_study
from tests.experiments.calibrate.calibration_lab import done, measured_csv, record_done
from tests.experiments.terminal import WIDTHS, missing, seen


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, small_study: Study) -> Calibration:
    folder = tmp_path_factory.mktemp("lab")
    trace = record_done(folder / "run.h5", small_study, done(10))
    chip = small_study.chip.model_copy(
        update={"heaters": small_study.chip.heaters.model_copy(update={"settle_s": 8e-6})}
    )
    return calibrate(trace, measured_csv(folder / "stopwatch.csv", chip, done(10), 0.01))


def test_the_terminal_shows_numbers_errors_and_what_cannot_be_told(found: Calibration) -> None:
    paper = io.StringIO()
    show_calibration(found, Console(file=paper, width=140))
    shown = paper.getvalue()
    for text in (
        "130 latencies",
        "chip.heaters.settle_s",
        "before",
        "after",
        "mape",
        "p99",
        "not measured alone",
    ):
        assert text in shown
    assert "these 2 only appear together, in 1 measured sum(s)" in shown


@pytest.mark.parametrize("width", WIDTHS)
def test_a_narrow_terminal_breaks_no_word_of_what_is_said(found: Calibration, width: int) -> None:
    text = seen(lambda console: show_calibration(found, console), width)
    sentences = (
        "these 2 only appear together, in 1 measured sum(s); beyond that they follow the recorded values.",
        f"Errors of {found.held_out} latencies that the fit has not seen (%), with 95 % intervals",
        "Mean latency of the same",
    )
    assert missing(sentences, text) == []


def test_the_snippet_says_where_it_comes_from_and_parses(found: Calibration) -> None:
    text = snippet(found)
    assert text.startswith("# calibrated from stopwatch.csv, n = 130")
    tree = parse_toml(text, "snippet")
    settle_s = tree["chip"]["heaters"]["settle_s"]  # type: ignore[index, call-overload]
    assert settle_s == pytest.approx(8e-6, rel=0.01)
    assert set(tree["chip"]) == {"dac", "heaters", "inputs", "link", "receiver"}  # type: ignore[arg-type]
    assert "settle_s = " in text
    assert "was 6e-06; 95 %" in text


def test_a_study_takes_the_snippet(found: Calibration, tmp_path: Path) -> None:
    out = tmp_path / "study.toml"
    write_snippet(found, out)
    out.write_text('[task]\nname = "vowel"\n' + out.read_text())
    assert load_study(out).chip.heaters.settle_s == pytest.approx(8e-6, rel=0.01)


def test_a_file_that_lies_there_is_kept_unless_forced(found: Calibration, tmp_path: Path) -> None:
    out = tmp_path / "snippet.toml"
    out.write_text("precious")
    with pytest.raises(ConfigError, match="lies here already"):
        write_snippet(found, out)
    assert out.read_text() == "precious"
    write_snippet(found, out, force=True)
    assert out.read_text() == snippet(found)
    with pytest.raises(ConfigError, match="cannot be written"):
        write_snippet(found, out / "snippet.toml")
