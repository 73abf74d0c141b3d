"""Tests of the shipped climate projections and forcing series."""

import numpy as np
import pytest

import data.climate as climate
from data.climate import SCENARIOS, load_forcing, load_north_america, load_pattern
from emulator.errors import TaskError


def test_two_scenarios_are_one_run_until_1999_and_part_then() -> None:
    data = load_north_america()
    a1b, e1 = data.warming_k["A1B"], data.warming_k["E1"]
    assert a1b.shape == e1.shape == (240, 37 * 49)
    assert (int(data.year[0]), int(data.year[-1])) == (1860, 2099)
    same = (a1b == e1).all(axis=1)
    assert data.year[same].tolist() == list(range(1860, 2000))
    assert a1b[-10:].mean() > e1[-10:].mean() + 1.0


def test_warming_is_counted_from_the_mean_of_the_first_forty_years() -> None:
    assert abs(load_north_america().warming_k["A1B"][:40].mean(axis=0)).max() < 0.01


def test_drivers_of_every_year_are_there_and_co2_only_adds_up() -> None:
    drivers = load_north_america().drivers["A1B"]
    assert drivers.shape == (240, 4)
    assert (np.diff(drivers[:, 0]) > 0).all()


def test_the_series_reach_from_1850_to_2100_and_are_the_same_in_the_past() -> None:
    forcing = load_forcing()
    assert (int(forcing.year[0]), int(forcing.year[-1])) == (1850, 2100)
    for name in SCENARIOS:
        assert forcing.emissions[name].shape == (251, 4)
        assert np.allclose(forcing.emissions[name][:165], forcing.emissions["ssp245"][:165])
    assert forcing.total_w_m2["ssp585"][-1] > forcing.total_w_m2["ssp126"][-1]


def test_the_arctic_warms_more_than_the_tropics() -> None:
    pattern = load_pattern()
    assert pattern.warming_k.shape == (96, 144)
    north, middle = pattern.lat_deg > 66, abs(pattern.lat_deg) < 20
    assert pattern.warming_k[north].mean() > pattern.warming_k[middle].mean()


def test_another_file_than_the_shipped_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(climate._SHA256, "ssp_forcing", "0" * 64)
    with pytest.raises(TaskError, match=r"ssp_forcing.npz: SHA-256 is .*restore the shipped one"):
        load_forcing()
