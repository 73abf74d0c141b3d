"""A fit finds the posterior's maximum, by an independent dense solver, and predicts what it has not seen."""

import numpy as np
import pytest
from scipy.optimize import least_squares

from controllers.digital_twin.fit import COMMON_RAD, Effort, missed, refit
from controllers.digital_twin.twin import Record, Twin, twin_of
from emulator.streams import stream
from tests.controllers.digital_twin.twin_lab import FABRICATED, Lab, made_lab

LONG = Effort(steps=20, products=200)


def records_of(lab: Lab, count: int, samples: int = 30, moved: float = 0.3) -> list[Record]:
    """Return readings of other inputs, each at other phases near the design's."""
    rng, found = stream(0, "tests/records"), []
    for number in range(count):
        driven = lab.setting.phases + moved * rng.standard_normal(lab.setting.phases.size)
        inputs = lab.setting.inputs[number * samples : (number + 1) * samples]
        found.append(Record(driven, inputs, lab.read(driven, inputs)))
    return found


def posterior(twin: Twin, records: list[Record], reading_sd: float, gain_sd: float = 0.0) -> np.ndarray:
    """Return the residuals of the posterior, whose squares are summed."""
    prior = [twin.offsets / twin.spread, np.array([twin.common_rad / COMMON_RAD])]
    if gain_sd:
        prior.append((twin.gains - 1.0) / gain_sd)
    errors = [(twin.read(each.driven, each.inputs) - each.outputs) / reading_sd for each in records]
    return np.concatenate([*prior, *(each.ravel() for each in errors)])


def test_the_fit_is_the_greatest_posterior_that_a_dense_solver_finds() -> None:
    lab = made_lab(0)
    twin, records = twin_of(lab.setting, 0.01), records_of(lab, 2)
    refit(twin, records, 0.05, LONG)

    def residuals(scaled: np.ndarray) -> np.ndarray:
        other = twin_of(lab.setting, 0.01)
        other.offsets, other.common_rad = other.spread * scaled[:-1], COMMON_RAD * scaled[-1]
        return posterior(other, records, 0.05)

    dense = least_squares(residuals, np.zeros(twin.offsets.size + 1), xtol=1e-12, ftol=1e-12, gtol=1e-12)
    np.testing.assert_allclose(twin.offsets / twin.spread, dense.x[:-1], rtol=0, atol=1e-3)


def test_gains_are_fitted_beside_the_offsets() -> None:
    lab = made_lab(1)
    twin, records = twin_of(lab.setting, 0.01), records_of(lab, 2)
    refit(twin, records, 0.05, LONG, gain_sd=0.2)

    def residuals(scaled: np.ndarray) -> np.ndarray:
        other = twin_of(lab.setting, 0.01)
        other.offsets = other.spread * scaled[: other.offsets.size]
        other.common_rad = COMMON_RAD * scaled[other.offsets.size]
        other.gains = 1.0 + 0.2 * scaled[other.offsets.size + 1 :]
        return posterior(other, records, 0.05, 0.2)

    ours = [twin.offsets / twin.spread, [twin.common_rad / COMMON_RAD], (twin.gains - 1.0) / 0.2]
    dense = least_squares(residuals, np.concatenate(ours))  # it finds nothing much better from there on
    found = float(np.square(posterior(twin, records, 0.05, 0.2)).sum())
    assert found <= 2.0 * dense.cost * (1 + 1e-3)
    np.testing.assert_allclose(twin.gains, 1.0 + 0.2 * dense.x[twin.offsets.size + 1 :], rtol=0, atol=0.02)


def test_a_fitted_twin_predicts_readings_that_it_has_not_seen() -> None:
    lab = made_lab(2)
    twin, records = twin_of(lab.setting, 0.01), records_of(lab, 6)
    seen, unseen = records[:5], records[5:]
    before = missed(twin, unseen)
    refit(twin, seen, 0.02, Effort(3, 20))
    assert missed(twin, unseen) < 0.4 * before


def test_records_of_the_same_phases_are_as_good_joined_as_apart() -> None:
    lab = made_lab(3)
    same = records_of(lab, 2, moved=0.0)
    other = [
        same[0],
        same[1]._replace(driven=same[1].driven + 1e-12),
    ]  # a trillionth of a radian keeps them apart
    joined, apart = twin_of(lab.setting, 0.01), twin_of(lab.setting, 0.01)
    cheap, dear = (
        refit(twin, found, 0.05, Effort(2, 10)) for twin, found in ((joined, same), (apart, other))
    )
    np.testing.assert_allclose(joined.offsets, apart.offsets, rtol=0, atol=1e-3)
    assert cheap.flops < dear.flops


def test_a_fit_never_makes_the_posterior_less() -> None:
    lab = made_lab(4)
    twin, records = twin_of(lab.setting, 0.5), records_of(lab, 2)  # a prior that invites long steps
    cost = np.inf
    for _ in range(6):
        refit(twin, records, 0.001, Effort(1, 5))
        now = float(np.square(posterior(twin, records, 0.001)).sum())
        assert now <= cost * (1 + 1e-12)
        cost = now


def test_more_products_and_more_steps_cost_more() -> None:
    lab = made_lab(5)
    records = records_of(lab, 2)
    costs = [
        refit(twin_of(lab.setting, 0.01), records, 0.05, effort).flops
        for effort in (Effort(1, 3), Effort(1, 6), Effort(2, 6))
    ]
    assert costs == sorted(costs)
    assert costs[0] > 0


def test_a_phase_that_all_devices_share_is_found_though_it_is_large() -> None:
    lab = made_lab(6, FABRICATED.model_copy(update={"substrate_coupling": 1.5e-3}))
    warm = float((lab.core.phases() - made_lab(6).core.phases()).mean())
    assert warm > 0.1
    twin = twin_of(lab.setting, 0.01)
    refit(twin, records_of(lab, 4, moved=0.0), 0.05, Effort(5, 30))
    assert twin.common_rad == pytest.approx(warm, abs=0.05)
