"""Tests of the judges of maps."""

import numpy as np
import pytest
import torch

from emulator.streams import stream
from experiments.models.tiles import Tiles
from experiments.tasks.climate.maps import MapRmse, MapSquares, Places, area_weights, quality_of
from experiments.tasks.climate.modes import ModeSquares

LAT, LON = np.array([-60.0, 0.0, 60.0, 80.0]), np.arange(0.0, 360.0, 60.0)
PLACES = Places(LAT, LON, Tiles(4, 6, 2, 3))
RMSE = MapRmse(PLACES, 2.0)


def maps(seed: int, years: int = 5) -> np.ndarray:
    return stream(seed, "test/maps").normal(size=(years, 24))


def test_places_at_sixty_degrees_count_half() -> None:
    weights = area_weights(LAT, 6).reshape(4, 6)
    assert np.allclose(weights[0] / weights[1], 0.5)
    assert weights.mean() == pytest.approx(1.0)


def test_an_error_of_one_everywhere_is_one_unit_in_kelvin() -> None:
    truth = maps(0)
    assert RMSE.of_arrays(truth + 1.0, truth) == pytest.approx(2.0)
    assert RMSE.text(0.7531) == "RMSE 0.753 K"


def test_an_error_near_the_pole_counts_less_than_one_at_the_equator() -> None:
    truth, polar, tropical = maps(0), maps(0).copy(), maps(0).copy()
    polar[:, 18], tropical[:, 6] = polar[:, 18] + 1, tropical[:, 6] + 1
    assert RMSE.of_arrays(polar, truth) < 0.5 * RMSE.of_arrays(tropical, truth)


def test_the_loss_in_torch_is_that_of_arrays_and_tiles_are_joined() -> None:
    loss, outputs, truth = MapSquares(PLACES), maps(1), maps(0)
    tiles = PLACES.tiles.cut(outputs)
    torch_loss = loss.of_tensors(torch.from_numpy(tiles), torch.from_numpy(truth)).item()
    assert torch_loss == pytest.approx(loss.of_arrays(outputs, truth))
    assert RMSE.of_arrays(tiles, truth) == RMSE.of_arrays(outputs, truth)


def test_the_gradient_of_the_loss_is_the_weighted_difference_over_the_years() -> None:
    outputs, truth = torch.from_numpy(maps(1)).requires_grad_(), torch.from_numpy(maps(0))
    MapSquares(PLACES).of_tensors(outputs, truth).backward()
    assert outputs.grad is not None
    expected = PLACES.weights * (maps(1) - maps(0)) / 5
    assert np.allclose(outputs.grad.numpy(), expected)


def test_outputs_that_are_larger_by_a_factor_have_the_same_error_in_kelvin() -> None:
    outputs, truth = maps(1), maps(0)
    assert RMSE.of_values_times(3.0).of_arrays(3 * outputs, 3 * truth) == pytest.approx(
        RMSE.of_arrays(outputs, truth)
    )


def test_the_metrics_of_climatebench_are_those_of_its_paper_written_out() -> None:
    truth = maps(0) + 3.0
    outputs = truth + 0.1 * maps(1)
    found = quality_of(RMSE, outputs, truth)
    t, o, w = 2.0 * truth, 2.0 * outputs, PLACES.weights / 24
    warming = (t @ w).mean()
    assert found.nrmse_s == pytest.approx(np.sqrt(((o.mean(0) - t.mean(0)) ** 2) @ w) / warming)
    assert found.nrmse_g == pytest.approx(np.sqrt(((o @ w - t @ w) ** 2).mean()) / warming)
    assert found.rmse_k == pytest.approx(RMSE.of_arrays(outputs, truth))


def test_the_standard_error_is_what_many_draws_of_years_show() -> None:
    truth, rng = np.ones((50, 24)), stream(2, "test/maps")
    drawn = [
        quality_of(RMSE, truth + rng.normal(size=(50, 24)) * rng.lognormal(sigma=0.5, size=(50, 1)), truth)
        for _ in range(300)
    ]
    spread = np.std([one.rmse_k for one in drawn])
    assert np.mean([one.error_k for one in drawn]) == pytest.approx(spread, rel=0.2)


def test_of_a_single_year_no_error_is_told() -> None:
    assert np.isnan(quality_of(RMSE, maps(1, 1), maps(0, 1)).error_k)


# ------------------------------------------------------------------------------- amplitudes of EOFs


def test_places_with_eofs_take_amplitudes_for_maps_and_are_judged_by_the_maps() -> None:
    whole = maps(0, 40)
    places = PLACES.with_modes(whole, 3)
    modes = places.modes
    assert modes is not None
    assert (PLACES.outputs, places.outputs) == (24, 12)
    amplitudes = modes.amplitudes(whole)
    np.testing.assert_array_equal(places.maps(amplitudes), modes.maps(amplitudes))
    judged = MapRmse(places, 2.0)
    assert judged.of_arrays(amplitudes, whole) == RMSE.of_arrays(modes.maps(amplitudes), whole)
    assert judged.of_maps.of_arrays(whole + 1.0, whole) == pytest.approx(2.0)
    assert quality_of(judged, amplitudes, whole) == quality_of(RMSE, modes.maps(amplitudes), whole)
    assert PLACES.with_modes(whole, None).modes is None


def test_with_eofs_the_loss_is_of_their_amplitudes() -> None:
    places = PLACES.with_modes(maps(0, 40), 3)
    assert isinstance(PLACES.loss(whitened=False), MapSquares)
    for whitened in (False, True):
        loss = places.loss(whitened)
        assert isinstance(loss, ModeSquares)
        assert loss.whitened == whitened
