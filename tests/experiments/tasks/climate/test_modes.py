"""Tests of the EOFs of maps and of the loss of their amplitudes, against dense linear algebra."""

import numpy as np
import pytest
import scipy.linalg
import torch

from emulator.errors import TaskError
from emulator.streams import stream
from experiments.models.tiles import Tiles
from experiments.tasks.climate.maps import MapSquares, Places
from experiments.tasks.climate.modes import Modes, ModeSquares

LAT, LON = np.array([-60.0, 0.0, 60.0, 80.0]), np.arange(0.0, 360.0, 60.0)
PLACES = Places(LAT, LON, Tiles(4, 6, 2, 3))
YEARS, COUNT = 40, 2


def maps(seed: int = 0, years: int = YEARS) -> np.ndarray:
    rng = stream(seed, "test/modes")
    common = np.outer(np.linspace(0, 3, years), rng.normal(size=24))
    return 1.0 + common + rng.normal(size=(years, 24)) * rng.uniform(0.1, 1.0, size=24)


def modes(count: int = COUNT) -> Modes:
    return Modes.of(maps(), PLACES.tiles, PLACES.weights, count)


def squares(anomalies: np.ndarray) -> np.ndarray:
    return np.asarray((PLACES.tiles.cut(anomalies**2 * PLACES.weights)).sum(axis=2))


def test_amplitudes_have_the_variance_1_and_do_not_hang_together() -> None:
    found = modes().amplitudes(maps())
    for tile in found.swapaxes(0, 1):
        np.testing.assert_allclose(tile.T @ tile / YEARS, np.eye(COUNT), atol=1e-10)


def test_no_other_patterns_leave_less_than_the_eigenvectors_of_the_covariance_do() -> None:
    found, whole = modes(), maps()
    left = squares(whole - found.maps(found.amplitudes(whole))).mean(axis=0)
    anomalies = PLACES.tiles.cut((whole - whole.mean(axis=0)) * np.sqrt(PLACES.weights)).swapaxes(0, 1)
    for tile, rest, variances in zip(anomalies, left, found.variances, strict=True):
        values = scipy.linalg.eigh(tile.T @ tile / YEARS, eigvals_only=True)
        np.testing.assert_allclose(variances, values[::-1][:COUNT], rtol=1e-9)
        assert rest == pytest.approx(values[:-COUNT].sum())


def test_all_eofs_together_are_the_map_also_of_years_that_they_were_not_found_in() -> None:
    found, others = modes(6), maps(1, 5)
    np.testing.assert_allclose(found.maps(found.amplitudes(others)), others, rtol=1e-9)
    flat = found.amplitudes(others).reshape(5, -1)
    np.testing.assert_array_equal(found.maps(flat), found.maps(found.amplitudes(others)))
    assert found.outputs == 4 * 6 == flat.shape[1]


def test_weighed_by_variances_the_loss_is_that_of_maps_but_for_what_is_left_out() -> None:
    found, truth, rng = modes(), maps(1, 5), stream(2, "test/modes")
    left = 0.5 * squares(truth - found.maps(found.amplitudes(truth))).sum(axis=1).mean()
    for _ in range(3):
        outputs = rng.normal(size=(5, 4, COUNT))
        of_maps = MapSquares(PLACES).of_arrays(found.maps(outputs), truth)
        assert ModeSquares(found).of_arrays(outputs, truth) == pytest.approx(of_maps - left)


def test_whitened_every_amplitude_counts_alike() -> None:
    found, truth = modes(), maps(1, 5)
    outputs = found.amplitudes(truth)
    outputs[:, :, 1] += 1.0
    assert ModeSquares(found, whitened=True).of_arrays(outputs, truth) == pytest.approx(0.5 * 4)
    assert ModeSquares(found).of_arrays(outputs, truth) == pytest.approx(0.5 * found.variances[:, 1].sum())


@pytest.mark.parametrize("whitened", [False, True])
def test_the_loss_in_torch_is_that_of_arrays_and_its_gradient_the_weighted_difference(whitened: bool) -> None:
    found, truth = modes(), maps(1, 5)
    loss, outputs = ModeSquares(found, whitened), stream(3, "test/modes").normal(size=(5, 8))
    tensor = torch.from_numpy(outputs).requires_grad_()
    value = loss.of_tensors(tensor, torch.from_numpy(truth))
    value.backward()
    assert value.item() == pytest.approx(loss.of_arrays(outputs, truth))
    weights = np.ones(8) if whitened else found.variances.ravel()
    assert tensor.grad is not None
    expected = weights * (outputs - found.amplitudes(truth).reshape(5, 8)) / 5
    np.testing.assert_allclose(tensor.grad.numpy(), expected, atol=1e-12)


def test_more_eofs_than_there_are_are_refused_with_how_many_there_are() -> None:
    with pytest.raises(TaskError, match=r"task.eofs = 7 is refused: 40 years .* have 6 EOFs; allowed: 1..6"):
        modes(7)
    with pytest.raises(TaskError, match=r"allowed: 1\.\.3"):
        Modes.of(maps()[:4], PLACES.tiles, PLACES.weights, 4)
