"""A Probe is SetPhases, Settle and Forward in one command: the same light, heat and energy, one reply."""

from typing import Any

import numpy as np
import pytest

from emulator.commands import Controller, Forward, PhasesSet, Probe, Reading, SetPhases, Settle
from emulator.instruments.chip.chip import Chip
from emulator.instruments.chip.config import ChipConfig, HeaterConfig
from emulator.instruments.host.config import HostConfig
from tests.bench_lab import DONE, KIND, PLAN, STARTED, Outing, SmallLab, elapsed_ps, rows_of
from tests.builders import random_batch

BATCHES = [random_batch(samples, 6, key) for key, samples in enumerate((5, 12))]
SETTINGS: list[tuple[list[int], list[float]]] = [
    ([3], [1.0]),
    ([4], [2.5]),
    ([3, 9, 12], [0.1, 6.2, 3.0]),
    ([], []),
    ([3], [9.5]),
    ([7], [-1.0]),
]


def lab(dynamics: Any) -> SmallLab:
    heaters = HeaterConfig(omega=0.02, dynamics=dynamics, substrate_coupling=1e-4, substrate_tau_s=1e-4)
    return SmallLab(ChipConfig(heaters=heaters), HostConfig())


def whole(replies: list[Any]) -> Controller:
    for number, (heaters, radians) in enumerate(SETTINGS):
        reply = yield Probe(heaters, radians, BATCHES[number // 2 % 2])
        replies.append(reply)


def parts(replies: list[Any]) -> Controller:
    for number, (heaters, radians) in enumerate(SETTINGS):
        set_to: PhasesSet = yield SetPhases(heaters, radians)
        yield Settle()
        reply: Reading = yield Forward(BATCHES[number // 2 % 2])
        assert set_to.power_w == reply.power_w
        replies.append(reply)


def span_times(outing: Outing) -> list[tuple[str, str, int, int, str, float]]:
    """Return all steps with their times, in order."""
    told = []
    for row in rows_of(outing):
        t_ps = row[STARTED]
        for step in outing.rows.plans[row[PLAN]]:
            told.append((*step[:2], t_ps, t_ps + step.ps, *step[3:5]))
            t_ps += step.ps
    return told


@pytest.mark.parametrize("dynamics", ["dynamic", "instant"])
def test_a_probe_is_its_three_parts_bit_for_bit_in_light_heat_time_and_energy(dynamics: Any) -> None:
    one: list[Reading] = []
    three: list[Reading] = []
    probed, stepped = lab(dynamics).run(lambda: whole(one)), lab(dynamics).run(lambda: parts(three))
    for left, right in zip(one, three, strict=True):
        np.testing.assert_array_equal(left.outputs, right.outputs)
        assert left[1:] == right[1:]
    assert span_times(probed) == span_times(stepped)
    assert probed.rows.watts == stepped.rows.watts
    assert probed.rows.settings == stepped.rows.settings
    assert probed.rows.batches == stepped.rows.batches == [0, 1, 0]
    assert probed.result == stepped.result
    cores = [outing.bench.instrument(Chip).core for outing in (probed, stepped)]
    np.testing.assert_array_equal(cores[0].phases(), cores[1].phases())
    np.testing.assert_array_equal(cores[0].driven_phases(), cores[1].driven_phases())


def test_a_probe_is_one_row_that_ends_with_the_hosts_thought() -> None:
    replies: list[Reading] = []
    outing = lab("dynamic").run(lambda: whole(replies))
    rows, names = rows_of(outing), outing.rows.names["commands.kind"]
    assert [names[row[KIND]] for row in rows] == ["probe"] * len(SETTINGS)
    assert [row[8] for row in rows] == [heaters[0] if len(heaters) == 1 else -1 for heaters, _ in SETTINGS]
    assert [row[9] for row in rows] == [radians[0] if len(radians) == 1 else 0.0 for _, radians in SETTINGS]
    assert [row[10] for row in rows] == pytest.approx([float(each.outputs.sum()) for each in replies])
    for row in rows:
        steps = outing.rows.plans[row[PLAN]]
        assert [step.held for step in steps] == [True] * (len(steps) - 1) + [False]
        assert steps[-1][:2] == ("host", "think")
    assert rows[-1][DONE] == elapsed_ps(outing.result)
