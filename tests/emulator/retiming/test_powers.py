"""A meter that follows a re-timed run notes the steps of each component, and reads totals at any instant."""

import numpy as np
import pytest

from emulator.commands import Controller, Forward, SetPhases
from emulator.retiming.powers import heater_factor, meter_run
from emulator.retiming.retime import Retimed
from tests.bench_lab import exact_energy_j
from tests.builders import NotingRecorder, random_batch
from tests.emulator.retiming.retiming_lab import SIZES, chip_lab, retimed, run

BATCH = random_batch(5, SIZES[0])


def tuner() -> Controller:
    for number in range(3):
        yield SetPhases([number], [1.0])
        yield Forward(BATCH)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Retimed:
    """Return a run re-timed onto heaters that need twice the power."""
    lab = chip_lab()
    assert lab.chip is not None
    heaters = lab.chip.heaters.model_copy(update={"p_pi_w": 2 * lab.chip.heaters.p_pi_w})
    new = lab._replace(chip=lab.chip.model_copy(update={"heaters": heaters}))
    outing = run(lab, lambda: {"tuner": tuner()}, tmp_path_factory.mktemp("powers") / "run.h5")
    return retimed(outing, lab, new)


def test_the_host_is_active_once_a_query(found: Retimed) -> None:
    sink = NotingRecorder()
    meter_run(found, sink, np.empty(0, dtype=np.int64))
    host = sink.names["power.component"].index("host")
    levels = [watts for component, _, watts in sink.watts if component == host]
    idle_w, active_w = found.lab.host.idle_power_w, found.lab.host.active_power_w
    assert levels == [idle_w, *[active_w, idle_w] * 3]


def test_totals_are_the_integral_of_the_noted_steps_at_instants_in_any_order(found: Retimed) -> None:
    sink = NotingRecorder()
    instants = np.array([found.elapsed_ps, 0, found.elapsed_ps // 3], dtype=np.int64)
    metered = meter_run(found, sink, instants)
    for t_ps, total_j in zip(instants.tolist(), metered.totals_j.tolist(), strict=True):
        steps = [(component, t, watts) for component, t, watts in sink.watts if t <= t_ps]
        assert total_j == pytest.approx(float(exact_energy_j(steps, t_ps)), rel=1e-12)
    assert metered.energy_by_component_j == pytest.approx(dict(found.energy_by_component_j), rel=1e-12)


def test_heaters_of_twice_the_power_draw_twice_what_was_recorded(found: Retimed) -> None:
    assert heater_factor(found) == 2.0
    heating = found.recording.heating
    assert heating is not None
    sink = NotingRecorder()
    meter_run(found, sink, np.empty(0, dtype=np.int64))
    heaters = sink.names["power.component"].index("chip.heaters")
    levels = [watts for component, _, watts in sink.watts if component == heaters]
    assert levels == pytest.approx([2 * heating.initial_w, *(2 * heating.watts)])
