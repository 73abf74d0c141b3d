"""Presets of optical units take what real units took, as far as that is published."""

from dataclasses import replace
from pathlib import Path

import pytest

from emulator.errors import TaskError
from experiments.check import timings
from experiments.check.timings import PUBLISHED, run_timings, taken_s


@pytest.mark.parametrize("one", PUBLISHED, ids=lambda one: f"{one.preset} {one.what} {one.features}")
def test_a_preset_takes_what_the_real_unit_took(one: timings.Published) -> None:
    assert taken_s(one, 3) == pytest.approx(one.seconds, rel=one.tolerance)


def test_the_table_is_printed_and_a_preset_that_is_off_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_timings(tmp_path, 1, 1, 1)
    assert "900 x 900" in capsys.readouterr().out
    assert (tmp_path / "timings" / "timings.md").exists()
    monkeypatch.setattr(timings, "PUBLISHED", (replace(PUBLISHED[0], seconds=9.0),))
    with pytest.raises(TaskError, match="farther off"):
        run_timings(tmp_path, 1, 1, 1)
