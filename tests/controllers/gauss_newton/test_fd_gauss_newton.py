"""Steps from finite differences: a chip is recovered without a model."""

import math
import warnings
from dataclasses import replace

import pytest

from controllers.gauss_newton.fd_gauss_newton import KIND, FdGaussNewtonConfig
from emulator.commands import Command, Log, Probe, Sequence
from tests.controllers.digital_twin.twin_lab import Lab, made_lab, share_of


def recovered(lab: Lab, **options: object) -> tuple[float, float, list[Command]]:
    config = FdGaussNewtonConfig.model_validate({"queries": 150, "samples": 100, "penalty": 0.03, **options})
    before = share_of(lab)
    asked = lab.served(KIND.start(config, lab.setting).controller)
    return before, share_of(lab), asked


def readings_of(asked: list[Command]) -> int:
    return sum(len(each.heaters) if isinstance(each, Sequence) else isinstance(each, Probe) for each in asked)


def test_a_few_readings_a_heater_recover_a_chip() -> None:
    before, after, asked = recovered(made_lab(8))
    assert before < 0.3
    assert after > 0.85
    assert readings_of(asked) <= 150


def test_values_are_learnt_by_their_squared_error() -> None:
    before, after, _ = recovered(made_lab(8, values=True), penalty=0.001)
    assert after < 0.2 * before


def test_the_host_and_the_sequencer_go_the_same_way() -> None:
    logs = []
    for loop in ("host", "sequencer"):
        _, _, asked = recovered(made_lab(8), loop=loop)
        logs.append([each.value for each in asked if isinstance(each, Log)])
    assert logs[0] == pytest.approx(logs[1], rel=1e-12)


def test_with_few_queries_a_part_of_the_heaters_is_moved() -> None:
    _, _, asked = recovered(made_lab(8), queries=20)
    one_by_one = next(each for each in asked if isinstance(each, Sequence))
    assert len(one_by_one.heaters) == 14
    assert readings_of(asked) == 20


def test_with_too_few_queries_nothing_is_read() -> None:
    before, after, asked = recovered(made_lab(8), queries=6)
    assert readings_of(asked) == 0
    assert after == before


def test_a_heater_that_the_dac_keeps_where_it_is_has_no_slope() -> None:
    """Seed 34 of ``lightloop check --seeds``: its slope was 0 / 0, and no step was ever taken."""
    lab = made_lab(8)
    coarse = lab._replace(setting=replace(lab.setting, dac_step_rad=2 * math.pi / 15))
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        _, _, asked = recovered(coarse)
    assert all(math.isfinite(each.value) for each in asked if isinstance(each, Log))
    assert readings_of(asked) > 0
