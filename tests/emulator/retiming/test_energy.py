"""Energies of a re-timed run: powers times times, and nothing that lies beyond the run's end."""

from pathlib import Path

import numpy as np
import pytest

from emulator.commands import Controller, Forward, SetPhases, Settle
from emulator.retiming.energy import courses, energy_until, level_factor
from emulator.retiming.retime import retime
from emulator.trace import Recorder
from emulator.trace.analysis.ledger import integral_by_component
from tests.builders import random_batch
from tests.emulator.retiming.retiming_lab import (
    SIZES,
    chip_lab,
    chip_of,
    configured,
    recording_of,
    retimed,
    run,
)

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
    new = configured(lab, "host", overhead_s=overhead_s)
    whole = run(new, lambda: {"tuner": tuner(4)}, tmp_path / "whole.h5")
    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "close", die)
        killed = run(lab, lambda: {"tuner": tuner(4)}, tmp_path / "killed.h5")
    found = retimed(killed, lab, new)
    assert found.recording.status == "killed"
    with whole.open() as trace:
        expected = integral_by_component(trace.power, trace.labels("power.component"), found.elapsed_ps)
    assert found.energy_by_component_j == pytest.approx(expected, rel=1e-12)


def test_a_run_draws_its_powers_for_as_long_as_it_lasts(tmp_path: Path) -> None:
    lab = chip_lab()
    recording = recording_of(run(lab, lambda: {"tuner": tuner(3)}, tmp_path / "run.h5"), lab)
    dearer = configured(lab, "chip", "dac", shared_power_w=7.0, power_w_per_channel=0.0)
    dearer = configured(dearer, "chip", "laser", power_w_per_wavelength=0.01, wall_plug_efficiency=0.2)
    found = retime(recording, configured(dearer, "host", idle_power_w=30.0, active_power_w=90.0))
    energy, elapsed_s = found.energy_by_component_j, found.elapsed_s
    assert elapsed_s == recording.elapsed_ps * 1e-12
    assert energy["chip.dac"] == pytest.approx(7.0 * elapsed_s)
    assert energy["chip.laser"] == pytest.approx(8 * 0.01 / 0.2 * elapsed_s)
    assert energy["host"] == pytest.approx(30.0 * elapsed_s + 60.0 * 3 * lab.host.overhead_s)


def test_totals_are_the_integral_of_levels_and_draws_at_instants_in_any_order(tmp_path: Path) -> None:
    lab = chip_lab()
    dearer = configured(lab, "chip", "heaters", p_pi_w=2 * chip_of(lab).heaters.p_pi_w)
    found = retimed(run(lab, lambda: {"tuner": tuner(3)}, tmp_path / "run.h5"), lab, dearer)
    real = run(dearer, lambda: {"tuner": tuner(3)}, tmp_path / "real.h5")
    with real.open() as trace:
        instants = np.array([found.elapsed_ps, 0, *trace.commands.t_done[:-1]], dtype=np.int64)
        power, names = trace.power, trace.labels("power.component")
        expected = [sum(integral_by_component(power, names, t).values()) for t in instants.tolist()]
    totals_j = energy_until(found.recording, found.prices, found.laboratory, found.schedule, instants)
    assert totals_j == pytest.approx(expected, rel=1e-12)


def test_heaters_of_twice_the_power_draw_twice_what_was_recorded(tmp_path: Path) -> None:
    lab = chip_lab()
    dearer = configured(lab, "chip", "heaters", p_pi_w=2 * chip_of(lab).heaters.p_pi_w)
    found = retimed(run(lab, lambda: {"tuner": tuner(3)}, tmp_path / "run.h5"), lab, dearer)
    assert level_factor(found.recording, dearer, "chip") == 2.0
    levels = found.recording.levels["chip.heaters"]
    (heaters, *_) = courses(found.recording, found.prices, found.laboratory, found.schedule)
    assert heaters.component == "chip.heaters"
    assert heaters.watts == pytest.approx(2 * np.append(levels.initial_w, levels.watts))
