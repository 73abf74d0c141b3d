"""A re-timed run that is written down is the trace that a real run leaves, bit for bit."""

from collections.abc import Mapping
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from emulator.commands import Controller
from emulator.retiming.lab import Laboratory
from emulator.retiming.retime import retime
from emulator.retiming.rewrite import rewrite
from emulator.streams import stream
from emulator.trace import Detail, Header, Recorder
from emulator.trace.analysis.ledger import energy_by_component
from emulator.trace.open import open_trace
from experiments.replay.rerun import first_difference
from tests.emulator.retiming.retiming_lab import Agents, Outing, chip_lab, opu_lab, recording_of, run
from tests.emulator.retiming.test_retime import chip_parameters, opu_parameters, overlapping, trainer, tuner

NUMBERS = count()


def written(outing: Outing, old: Laboratory, new: Laboratory, out: Path) -> Path:
    found = retime(recording_of(outing, old), new)
    with outing.open() as trace:
        rewrite(trace, found, Recorder.create(out, Header.now("", new.seed), trace.detail))
    return out


def several() -> Mapping[str, Controller]:
    return {"tuner": tuner(20), "other": overlapping(3)}


@pytest.mark.parametrize("detail", ["commands", "full"])
@pytest.mark.parametrize("agents", [lambda: {"tuner": tuner()}, several, lambda: {"trainer": trainer()}])
def test_a_recording_written_with_its_own_parameters_is_the_same_trace(
    agents: Agents, detail: Detail, tmp_path: Path
) -> None:
    lab = opu_lab(dmd={"torn_probability": 0.1})
    outing = run(lab, agents, tmp_path / "run.h5", detail)
    path = written(outing, lab, lab, tmp_path / "again.h5")
    with outing.open() as then, open_trace(path) as now:
        difference = first_difference(then, now)
        if (
            difference is not None
        ):  # energies are summed in another order; powers that last no time are left out
            assert difference.table in ("metrics", "power", "totals")
        for name in ("commands", "spans", "joins", "frames", "patterns", "setpoints"):
            for column in vars(getattr(then, name)):
                np.testing.assert_array_equal(
                    getattr(getattr(then, name), column), getattr(getattr(now, name), column)
                )
        np.testing.assert_allclose(now.metric_rows.value, then.metric_rows.value, rtol=1e-12)


def test_a_chip_written_under_other_parameters_is_the_trace_of_a_real_run(tmp_path: Path) -> None:
    rng, lab = stream(1, "tests/rewrite"), chip_lab()
    outing = run(lab, lambda: {"tuner": tuner()}, tmp_path / "run.h5")
    for number in range(3):
        other = chip_parameters(rng, lab)
        real = run(other, lambda: {"tuner": tuner()}, tmp_path / f"real{number}.h5")
        path = written(outing, lab, other, tmp_path / f"written{number}.h5")
        with real.open() as then, open_trace(path) as now:
            for name in ("commands", "plans", "joins"):
                for column in vars(getattr(then, name)):
                    found = getattr(getattr(now, name), column)
                    np.testing.assert_allclose(found, getattr(getattr(then, name), column), rtol=1e-14)
            np.testing.assert_array_equal(now.metric_rows.t, then.metric_rows.t)
            np.testing.assert_allclose(now.metric_rows.value, then.metric_rows.value, rtol=1e-12)
            assert now.elapsed_ps == then.elapsed_ps


def test_the_power_that_is_written_integrates_to_the_energy_of_the_retiming(tmp_path: Path) -> None:
    rng, lab = stream(2, "tests/rewrite"), opu_lab()
    outing = run(lab, lambda: {"trainer": trainer(), "tuner": tuner()}, tmp_path / "run.h5")
    other = chip_parameters(rng, opu_parameters(rng, lab))
    found = retime(recording_of(outing, lab), other)
    path = written(outing, lab, other, tmp_path / "written.h5")
    with open_trace(path) as now:
        energy = energy_by_component(now)
    assert energy.keys() == found.energy_by_component_j.keys()
    for name, energy_j in energy.items():
        assert energy_j == pytest.approx(found.energy_by_component_j[name], rel=1e-11), name
