"""Energies of a re-timed run: powers times times, and nothing that lies beyond the run's end."""

from pathlib import Path

import numpy as np
import pytest

from emulator.commands import Controller, Forward, SetPhases, Settle
from emulator.retiming.energy import covered_ps
from emulator.retiming.retime import retime
from emulator.trace import Recorder
from emulator.trace.analysis.ledger import energy_by_component
from tests.builders import random_batch
from tests.emulator.retiming.retiming_lab import SIZES, chip_lab, recording_of, retimed, run

BATCH = random_batch(5, SIZES[0])


def tuner(queries: int) -> Controller:
    for number in range(queries):
        yield SetPhases([number], [1.0])
        yield Settle()
        yield Forward(BATCH)


def die(recorder: Recorder, *ending: object) -> None:
    """Leave the journal as a writer leaves it that is killed before its run ends."""
    recorder.commit()
    recorder._journal.close()


@pytest.mark.parametrize("overhead_s", [2e-6, 5e-6, 1e-3])
def test_a_killed_run_draws_what_the_whole_one_had_drawn_by_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overhead_s: float
) -> None:
    """Its last row is a query; of a thought upon it that lies beyond the end, nothing is counted."""
    lab = chip_lab()
    new = lab._replace(host=lab.host.model_copy(update={"overhead_s": overhead_s}))
    whole = run(new, lambda: {"tuner": tuner(4)}, tmp_path / "whole.h5")
    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "close", die)
        killed = run(lab, lambda: {"tuner": tuner(4)}, tmp_path / "killed.h5")
    found = retimed(killed, lab, new)
    assert found.recording.status == "killed"
    with whole.open() as trace:
        expected = energy_by_component(trace.power, trace.labels("power.component"), found.elapsed_ps)
    assert found.energy_by_component_j == pytest.approx(expected, rel=1e-12)


def test_a_run_draws_its_powers_for_as_long_as_it_lasts(tmp_path: Path) -> None:
    lab = chip_lab()
    recording = recording_of(run(lab, lambda: {"tuner": tuner(3)}, tmp_path / "run.h5"), lab)
    assert lab.chip is not None
    dac = lab.chip.dac.model_copy(update={"power_w": 7.0})
    laser = lab.chip.laser.model_copy(update={"power_w": 0.01, "wall_plug_efficiency": 0.2})
    host = lab.host.model_copy(update={"idle_power_w": 30.0, "active_power_w": 90.0})
    chip = lab.chip.model_copy(update={"dac": dac, "laser": laser})
    found = retime(recording, lab._replace(chip=chip, host=host))
    energy, elapsed_s = found.energy_by_component_j, found.elapsed_s
    assert elapsed_s == recording.elapsed_ps * 1e-12
    assert energy["chip.dac"] == pytest.approx(7.0 * elapsed_s)
    assert energy["chip.laser"] == pytest.approx(0.01 / 0.2 * elapsed_s)
    assert energy["host"] == pytest.approx(30.0 * elapsed_s + 60.0 * 3 * lab.host.overhead_s)


def test_intervals_cover_what_lies_in_any_of_them_and_before_the_end() -> None:
    start, end = np.array([50, 0, 5, 90]), np.array([60, 10, 20, 200])
    assert covered_ps(start, end, 100) == 20 + 10 + 10
    assert covered_ps(start[:0], end[:0], 100) == 0
