"""Tests of measured latencies: both forms find the right command, and a bad line is named."""

from pathlib import Path

import numpy as np
import pytest

from emulator.errors import ConfigError
from emulator.trace.open import open_trace
from experiments.calibrate.measured import read_measured
from experiments.calibrate.model import LatencyModel, latency_model
from experiments.run.study import Study
from tests.experiments.calibrate.calibration_lab import done, record_done


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, small_study: Study) -> LatencyModel:
    with open_trace(record_done(tmp_path_factory.mktemp("lab") / "run.h5", small_study, done(2))) as trace:
        return latency_model(trace)


def read(folder: Path, model: LatencyModel, text: str) -> list[tuple[str, int, int]]:
    path = folder / "m.csv"
    path.write_text(text, encoding="utf-8")
    measured = read_measured(path, model)
    return [(model.kinds[at], int(model.heaters[at]), int(model.samples[at])) for at in measured.type_of]


def test_a_command_is_the_row_of_the_trace(tmp_path: Path, model: LatencyModel) -> None:
    found = read(tmp_path, model, "command,latency_s\n2,1e-6\n4,2e-6\n3,5\n")
    assert found == [("set_phases", 64, -1), ("forward", -1, 32), ("settle", -1, -1)]


def test_columns_may_come_in_any_order_and_with_a_mark_in_front(tmp_path: Path, model: LatencyModel) -> None:
    (tmp_path / "m.csv").write_text("\ufefflatency_s,command\r\n1.5e-6,0\r\n", encoding="utf-8")
    measured = read_measured(tmp_path / "m.csv", model)
    assert measured.latency_s.tolist() == [1.5e-6]


def test_a_kind_with_its_size_is_found(tmp_path: Path, model: LatencyModel) -> None:
    text = "kind,latency_s,samples,heaters\nforward,1e-6,100,\nset_phases,1e-6,,8\nsettle,1e-6,,\n"
    assert read(tmp_path, model, text) == [("forward", -1, 100), ("set_phases", 8, -1), ("settle", -1, -1)]


def test_what_fits_several_types_is_taken_for_the_most_used(tmp_path: Path, model: LatencyModel) -> None:
    (tmp_path / "m.csv").write_text("kind,latency_s,samples\nforward,1e-6,8\n")
    (at,) = read_measured(tmp_path / "m.csv", model).type_of.tolist()
    latency = [parameter.path for parameter in model.parameters].index("chip.link.latency_s")
    assert model.uses[at] == 4  # without an upload: two of three
    assert model.design[at, latency] == 2
    assert np.sum((np.array(model.kinds) == "forward") & (model.samples == 8)) == 2


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "columns are ; allowed"),
        ("command,latency_s\n", "holds no latencies"),
        ("comand,latency_s\n0,1\n", r"'comand' is unknown.*did you mean 'command'"),
        ("command,kind,latency_s\n0,settle,1\n", "allowed: command,latency_s or kind"),
        ("command\n0\n", "allowed: command,latency_s or kind"),
        ("command,command,latency_s\n0,0,1\n", "allowed: command,latency_s or kind"),
        ("command,latency_s\n26,1e-6\n", r"line 2: command 26 is no row.*0 to 25"),
        ("command,latency_s\n-1,1e-6\n", "line 2: command -1"),
        ("command,latency_s\n0,1e-6\n1,0\n", "line 3: latency_s '0' is not a positive"),
        ("command,latency_s\n0,nan\n", "line 2: latency_s: 'nan' is no number"),
        ('command,latency_s\n0,"1,5 us"\n', "line 2: latency_s: .*has a comma"),
        ("command,latency_s\n0,1_0\n", "line 2: latency_s: '1_0' is no number"),
        ("command,latency_s\n0,1 m\n", "line 2: latency_s: '1 m' is not a quantity in s"),
        ("command,latency_s\n0.5,1\n", "line 2: command: '0.5' is no whole number"),
        ("command,latency_s\n0,1,2\n", "line 2: it has more or fewer fields"),
        ("command,latency_s\n0\n", "line 2: it has more or fewer fields"),
        ("kind,latency_s\nsettel,1\n", r"no 'settel'.*did you mean 'settle'"),
        ("kind,latency_s,samples\nforward,1,31\n", "no forward of 31 samples; sizes it has: 8, 32, 100"),
        ("kind,latency_s,samples\nsettle,1,31\n", "no settle of 31 samples; sizes it has: none"),
        ('command,latency_s\n0,"1', "not a CSV file"),
    ],
)
def test_a_bad_file_is_refused_and_its_line_named(
    tmp_path: Path, model: LatencyModel, text: str, complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        read(tmp_path, model, text)


def test_a_missing_or_binary_file_is_refused(tmp_path: Path, model: LatencyModel) -> None:
    with pytest.raises(ConfigError, match=r"absent\.csv: cannot be read"):
        read_measured(tmp_path / "absent.csv", model)
    (tmp_path / "binary.csv").write_bytes(b"command,latency_s\n\xff\xfe")
    with pytest.raises(ConfigError, match="UTF-8"):
        read_measured(tmp_path / "binary.csv", model)
