"""Steps from finite differences: the host's minimum is scipy's, and a chip is recovered without a model."""

import numpy as np
import pytest
from scipy.optimize import minimize

from controllers.digital_twin.fd_gauss_newton import KIND, FdGaussNewtonConfig, best_step
from controllers.losses import curvature_of, loss_for, slopes_of
from emulator.commands import Command, Log, Probe, Sequence
from emulator.streams import stream
from tests.controllers.digital_twin.twin_lab import Lab, made_lab, share_of


@pytest.mark.parametrize("values", [False, True], ids=["labels", "values"])
def test_the_step_is_the_minimum_that_scipy_finds(values: bool) -> None:
    rng = stream(0, "tests/step")
    outputs, slopes = rng.standard_normal((30, 4)), rng.standard_normal((9, 30, 4))
    targets = rng.standard_normal((30, 4)) if values else rng.integers(4, size=30)
    found, work = best_step(outputs, slopes, targets, 0.1, 20)

    def cost(d: np.ndarray) -> float:
        moved = np.ascontiguousarray(outputs + np.tensordot(d, slopes, 1))
        return float(loss_for(targets)(moved, targets)) + 0.05 * float(d @ d)

    expected = minimize(cost, np.zeros(9), method="BFGS", options={"gtol": 1e-9})
    assert cost(found) == pytest.approx(expected.fun, rel=1e-8)
    np.testing.assert_allclose(found, expected.x, rtol=0, atol=1e-4)
    assert work.flops > 0


@pytest.mark.parametrize("values", [False, True], ids=["labels", "values"])
def test_slopes_and_curvature_are_the_losss_derivatives(values: bool) -> None:
    rng = stream(1, "tests/step")
    outputs, changes = rng.standard_normal((5, 3)), rng.standard_normal((5, 3))
    targets = rng.standard_normal((5, 3)) if values else rng.integers(3, size=5)
    h, loss = 1e-6, loss_for(targets)
    ahead, behind = outputs + h * changes, outputs - h * changes
    slope = (loss(ahead, targets) - loss(behind, targets)) / (2 * h)
    assert float((slopes_of(outputs, targets) * changes).sum()) == pytest.approx(slope, abs=1e-8)
    curve = (slopes_of(ahead, targets) - slopes_of(behind, targets)) / (2 * h)
    np.testing.assert_allclose(curvature_of(outputs, targets, changes), curve, rtol=0, atol=1e-8)


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
