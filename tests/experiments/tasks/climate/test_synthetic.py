"""Tests of the synthetic world of ClimateBench's shape."""

import numpy as np
import pytest

from data.climate_bench import RUNS
from experiments.tasks.climate.maps import area_weights
from experiments.tasks.climate.synthetic import two_layers, world


def test_a_constant_forcing_warms_towards_forcing_over_feedback() -> None:
    warming = two_layers(np.full(3000, 3.7))
    assert (np.diff(warming) > 0).all()
    assert warming[-1] == pytest.approx(3.7 / 1.13, rel=0.02)
    # the fast layer's answer of some years is well below that
    assert 0.5 < warming[10] / warming[-1] < 0.7


def test_two_layers_are_linear_in_forcing() -> None:
    forced = np.linspace(0.0, 5.0, 50)
    assert np.allclose(two_layers(2 * forced), 2 * two_layers(forced))


@pytest.fixture(scope="module")
def runs() -> dict:
    return world()


def test_runs_have_the_shapes_and_years_of_climatebench(runs: dict) -> None:
    assert set(runs) == set(RUNS)
    assert runs["historical"].drivers.shape == (165, 4, 96 * 144)
    assert runs["ssp245"].warming_k.shape == (86, 96 * 144)
    assert (runs["ssp245"].year[0], runs["ssp245"].year[-1]) == (2015, 2100)


def test_scenarios_warm_in_the_order_of_their_forcing(runs: dict) -> None:
    weights = area_weights(runs["ssp126"].lat_deg, 144) / (96 * 144)
    ends = [
        float(runs[name].warming_k[-10:].mean(axis=0) @ weights)
        for name in ("ssp126", "ssp245", "ssp370", "ssp585")
    ]
    assert ends == sorted(ends)
    assert 1.0 < ends[0] < ends[3] < 8.0


def test_gases_are_the_same_everywhere_and_aerosols_are_not(runs: dict) -> None:
    drivers = runs["ssp370"].drivers
    assert np.ptp(drivers[:, :2], axis=2).max() == 0.0
    assert np.ptp(drivers[0, 2]) > 0.5 * drivers[0, 2].max()


def test_weather_is_larger_near_the_poles_and_no_two_years_share_it(runs: dict) -> None:
    maps = runs["ssp126"].warming_k.reshape(86, 96, 144)
    weather = np.diff(maps[-30:], axis=0)
    assert weather[:, 90].std() > 1.5 * weather[:, 48].std()
    assert abs(np.corrcoef(weather[::2][:10].reshape(10, -1))[0, 1]) < 0.3
