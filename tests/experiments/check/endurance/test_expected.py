"""Times, shares of frames and noise are those of the configuration, and a run in which they are not is told."""

from pathlib import Path

import numpy as np
import pytest

from emulator.instruments.chip.state import ChipCore
from emulator.instruments.opu.frames import FrameSender
from emulator.instruments.opu.pipeline import Fate
from experiments.check.endurance.expected import expected, improbable
from experiments.check.endurance.outing import Outing, draw, go
from experiments.check.endurance.rows import Rows, read_rows

SEED = 7
"""A bench with a chip and a unit."""


@pytest.fixture(scope="module")
def outing(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outing, Rows]:
    out = tmp_path_factory.mktemp("expected") / "run.h5"
    return go(draw(SEED), out), read_rows(out)


def test_a_run_is_as_its_configuration_says(outing: tuple[Outing, Rows]) -> None:
    run, rows = outing
    assert list(expected(run.scenario.plant.lab, run.scenario.seed, rows)) == []


def test_a_step_of_another_unit_is_told(outing: tuple[Outing, Rows]) -> None:
    run, rows = outing
    plans = rows.tables["plans"].copy()
    plans["duration_ps"] = np.where(
        plans["duration_ps"] > 0, 1000 * plans["duration_ps"], plans["duration_ps"]
    )
    found = list(
        expected(run.scenario.plant.lab, SEED, rows._replace(tables={**rows.tables, "plans": plans}))
    )
    assert found
    assert all(fault.startswith("times: ") for fault in found)


@pytest.mark.parametrize(
    ("count", "trials", "share", "told"),
    [
        (0, 0, 0.3, False), (0, 20, 0.3, False), (0, 80, 0.3, True), (30, 100, 0.3, False), (100, 100, 0.3, True),
        (0, 100, 0.0, False), (1, 100, 0.0, True), (5, 5, 1.0, False), (4, 5, 1.0, True),
    ],
)  # fmt: skip
def test_a_share_is_told_where_chance_alone_would_hardly_give_it(
    count: int, trials: int, share: float, told: bool
) -> None:
    assert improbable(count, trials, share) is told


def test_two_readings_alike_bit_for_bit_are_told_where_noise_is_continuous(
    outing: tuple[Outing, Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, rows = outing
    true = ChipCore.read
    monkeypatch.setattr(ChipCore, "read", lambda core, draw, passed_ps: true(core, 0, passed_ps))
    lab = dict(run.scenario.plant.lab)
    for bits, count in ((0, 1), (3, 0)):
        receiver = lab["chip"].config.receiver.model_copy(update={"adc_bits": bits})
        config = lab["chip"].config.model_copy(update={"receiver": receiver})
        told = list(expected({**lab, "chip": lab["chip"]._replace(config=config)}, SEED, rows))
        assert sum("noise: " in fault for fault in told) == count


def test_torn_frames_that_are_used_are_told_and_others_are_not(
    outing: tuple[Outing, Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, rows = outing
    stand = run.scenario.plant.lab["opu"]
    torn = stand.config.dmd.model_copy(update={"torn_probability": 0.1})
    pcie = stand.config.pcie.model_copy(update={"deadline_s": None})
    lab = {
        **run.scenario.plant.lab,
        "opu": stand._replace(config=stand.config.model_copy(update={"dmd": torn, "pcie": pcie})),
    }
    assert list(expected(lab, SEED, rows)) == []
    true = FrameSender._losses
    monkeypatch.setattr(
        FrameSender,
        "_losses",
        lambda sender, frames: np.where(true(sender, frames) == Fate.TORN, Fate.USED, Fate.USED),
    )
    assert [fault.startswith("chance: 0 of ") for fault in expected(lab, SEED, rows)] == [True]


def test_the_whole_bench_of_another_seed_holds_too(tmp_path: Path) -> None:
    run = go(draw(11), tmp_path / "run.h5")
    rows = read_rows(tmp_path / "run.h5")
    assert list(expected(run.scenario.plant.lab, run.scenario.seed, rows)) == []
