"""Tests of stalls, of numbers that nothing determines, and of what is called a fit; hostile measurements."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.config.files import overlay
from emulator.errors import ConfigError
from emulator.streams import stream
from experiments.calibrate.calibration import Calibration, calibrate
from experiments.calibrate.measured import Measured
from experiments.calibrate.snippet import write_snippet
from experiments.calibrate.verdict import stalled, too_wide, why_no_fit
from experiments.cli import main
from experiments.run.study import Study, load_study
from tests.experiments.calibrate.calibration_lab import Done, record_done, service_steps
from tests.experiments.conftest import STUDIES

PLANTED_S = 250e-6
ASKED = [*[Done("set_phases", 1), Done("settle"), Done("forward", 32), Done("forward", 32, True)] * 40]


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory, small_study: Study) -> Path:
    return record_done(tmp_path_factory.mktemp("lab") / "run.h5", small_study, ASKED)


def latencies(study: Study, seed: int = 0) -> np.ndarray:
    """Return what a stopwatch of 2 % shows of a chip whose link takes 250 us."""
    link = study.chip.link.model_copy(update={"latency_s": PLANTED_S})
    chip = study.chip.model_copy(update={"link": link})
    true_s = np.array([sum(step[2] for step in service_steps(chip, command)) for command in ASKED])
    return np.asarray(true_s * (1 + 0.02 * stream(seed, "tests/verdict").standard_normal(len(true_s))))


def csv_of(path: Path, latency_s: np.ndarray) -> Path:
    rows = (f"{row},{float(seconds)!r}" for row, seconds in enumerate(latency_s))
    path.write_text("\n".join(["command,latency_s", *rows]) + "\n")
    return path


@pytest.fixture(scope="module")
def found(trace: Path, small_study: Study, tmp_path_factory: pytest.TempPathFactory) -> Calibration:
    """Return the calibration of the planted latency, with one latency in a hundred a stall of 50 ms."""
    measured_s = latencies(small_study)
    measured_s[[3, 77]] = 0.05
    return calibrate(trace, csv_of(tmp_path_factory.mktemp("lab") / "stopwatch.csv", measured_s))


def test_a_planted_latency_is_found_within_one_per_cent_and_its_interval_holds_it(found: Calibration) -> None:
    (link,) = [one for one in found.parameters if one.path == "chip.link.latency_s"]
    assert link.value == pytest.approx(PLANTED_S, rel=0.01)
    assert link.high is not None
    assert link.low < PLANTED_S < link.high < 1.02 * PLANTED_S
    assert link.alone


def test_stalls_are_left_out_counted_and_do_no_harm(found: Calibration) -> None:
    assert (found.stalls, found.latencies) == (2, len(ASKED) - 2)
    assert found.after.mape.value < 0.03 < found.before.mape.value
    assert found.no_fit == ""


def test_what_the_latencies_do_not_determine_keeps_its_value_and_is_named(found: Calibration) -> None:
    assert {"chip.dac.update_s", "chip.link.rate_bit_per_s"} <= set(found.undetermined)
    assert not set(found.undetermined) & {one.path for one in found.parameters}


def test_the_snippet_lies_over_a_study_as_it_is(found: Calibration, tmp_path: Path) -> None:
    out = tmp_path / "fitted.toml"
    write_snippet(found, out)
    text = out.read_text()
    assert found.trace_digest in text
    assert "# not determined, so as recorded: chip.dac.update_s" in text
    study = load_study(STUDIES / "vowel_recovery.toml", overlay([out]))
    assert study.chip.link.latency_s == pytest.approx(PLANTED_S, rel=0.01)  # type: ignore[attr-defined]


def test_latencies_of_another_machine_are_no_fit_nothing_is_written_and_the_exit_code_says_so(
    trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = stream(1, "tests/verdict").choice([1e-6, 3e-3, 2e-5, 5e-2], len(ASKED))
    measured = csv_of(tmp_path / "other.csv", other)
    out = tmp_path / "fitted.toml"
    assert main(["calibrate", str(trace), "--measured", str(measured), "-o", str(out)]) == 5
    said = capsys.readouterr()
    assert "no fit: latencies that were not fitted are predicted" in said.err
    assert said.err.endswith("nothing is written\n")
    assert not out.exists()
    with pytest.raises(ConfigError, match="not written: latencies that were not fitted"):
        write_snippet(calibrate(trace, measured), out)


def test_a_limit_that_is_asked_for_is_kept_to(trace: Path, small_study: Study, tmp_path: Path) -> None:
    measured = csv_of(tmp_path / "a.csv", latencies(small_study))
    assert "up to 0.5 % is called a fit" in calibrate(trace, measured, max_error=0.005).no_fit
    with pytest.raises(ConfigError, match="max_error=0"):
        calibrate(trace, measured, max_error=0)


@given(st.integers(20, 60), st.integers(0, 1), st.floats(0.0, 0.2), st.floats(5.0, 1e4))
def test_only_latencies_far_beyond_their_kinds_are_stalls(
    count: int, stalls: int, noise: float, times: float
) -> None:
    rng = stream(count, "tests/stalls")
    latency_s = 1e-5 * (1 + noise * rng.uniform(-1, 1, count))
    latency_s[:stalls] *= times
    measured = Measured(np.zeros(count, dtype=np.int64), latency_s)
    expected = np.zeros(count, dtype=np.bool_)
    expected[:stalls] = True
    np.testing.assert_array_equal(stalled(measured), expected)


def test_what_is_frequent_is_no_stall_and_few_latencies_have_none() -> None:
    types = np.zeros(20, dtype=np.int64)
    latency_s = np.full(20, 1e-5)
    latency_s[:2] = 1.0
    assert not stalled(Measured(types, latency_s)).any()
    assert not stalled(Measured(types[:4], np.array([1e-5, 1e-5, 1e-5, 1.0]))).any()
    assert not stalled(Measured(types[:0], latency_s[:0])).any()


def test_an_interval_wider_than_the_number_determines_nothing() -> None:
    best, low, high = np.array([2.0, 2.0, 0.0]), np.array([1.9, 0.0, 0.0]), np.array([2.1, 5.0, 0.5])
    assert too_wide(best, low, high, np.array([1.0, 1.0, 1.0])).tolist() == [False, True, False]


def test_predictions_that_are_worse_than_before_are_no_fit_though_they_are_good() -> None:
    measured_s = np.full(40, 1.0)
    good, worse = measured_s * 1.01, measured_s * 1.1
    assert why_no_fit(worse, good, measured_s, 0.5, 0) == ""
    assert why_no_fit(good, good, measured_s, 0.5, 0) == ""
    assert "worse than by the recorded configuration: 10 % mean error, and 1 % before" in why_no_fit(
        good, worse, measured_s, 0.5, 0
    )
