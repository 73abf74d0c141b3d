"""A synthetic world of ClimateBench's shape: real emissions and forcing drive an invented climate.

Real are the series of emissions and of effective radiative forcing (RCMIP), and the map by which the greenhouse
gases warm (HadGEM2's year 2099 under A1B, smoothed). INVENTED are the maps of emissions, the map by which aerosols
cool, the weather and the ocean's two layers, whose numbers are the mean of CMIP5 models. Numbers found here say how
methods compare, and nothing about ClimateBench or the climate.

Source of the two layers: O. Geoffroy et al., J. Climate 26 (2013) 1841, means of 16 models.
"""

from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter

from data.climate import SCENARIOS, load_forcing, load_pattern
from data.climate_bench import FIRST_YEAR, RUNS, BenchRun
from data.sets import FloatArray
from emulator.streams import stream
from experiments.tasks.climate.maps import area_weights

__all__ = ["SIGMA_PLACES", "two_layers", "world"]

_SURFACE, _DEEP, _FEEDBACK, _UPTAKE = 7.3, 106.0, 1.13, 0.74
"""Heat capacities in W yr/m2/K, and what is radiated and goes into the deep ocean, in W/m2/K."""

SIGMA_PLACES: Final = 3.0
"""Places over which maps are smoothed, so that the weather of one year is not taken for a pattern; assumed."""

_WEATHER_K: Final = (0.25, 0.9)
"""Deviation of annual means at the equator and at the poles, in kelvin; assumed, as large as in HadGEM2's maps."""

_WEATHER_PLACES: Final = 5.0
"""Places over which weather hangs together; assumed."""

_SO2: Final = ((33.0, 115.0, 1.0), (22.0, 80.0, 0.7), (48.0, 15.0, 0.6), (39.0, 275.0, 0.5))
_BC: Final = ((33.0, 112.0, 1.0), (24.0, 82.0, 1.0), (5.0, 20.0, 0.8), (-10.0, 300.0, 0.4))
"""Where SO2 and black carbon are emitted: latitude, longitude, weight of each spot; invented."""

_SPOT_DEG: Final = 12.0
_FUTURE: Final = 2015


def two_layers(forcing_w_m2: FloatArray) -> FloatArray:
    """Return the surface's warming (years,) in kelvin under ``forcing_w_m2`` (years,), by ten steps a year."""
    surface = deep = 0.0
    found = np.empty(len(forcing_w_m2))
    for year, forced in enumerate(forcing_w_m2):
        for _ in range(10):
            taken = _UPTAKE * (surface - deep)
            surface += 0.1 * (forced - _FEEDBACK * surface - taken) / _SURFACE
            deep += 0.1 * taken / _DEEP
        found[year] = surface
    return found


def world() -> dict[str, BenchRun]:
    """Return the runs of ClimateBench's names, years and shapes; there is one such world, whatever the seed."""
    forcing, pattern = load_forcing(), load_pattern()
    lat, lon = pattern.lat_deg, pattern.lon_deg
    warms, cools = _unit(pattern.warming_k, lat), _unit(_spots(_SO2, lat, lon, 4 * _SPOT_DEG), lat)
    emitted = [_unit(_spots(spots, lat, lon, _SPOT_DEG), lat) for spots in (_SO2, _BC)]
    even = np.ones(lat.size * lon.size)
    runs = {}
    for scenario in SCENARIOS:
        aerosol = two_layers(forcing.aerosol_w_m2[scenario])
        gases = two_layers(forcing.total_w_m2[scenario] - forcing.aerosol_w_m2[scenario])
        maps = np.outer(gases, warms) + np.outer(aerosol, cools)
        co2, ch4, so2, bc = forcing.emissions[scenario].T
        series = ((np.cumsum(co2), even), (ch4, even), (so2, emitted[0]), (bc, emitted[1]))
        runs[scenario] = (maps, series)
    found = {}
    for name in RUNS:
        maps, series = runs["ssp245" if name == "historical" else name]
        past = forcing.year < _FUTURE
        rows = np.flatnonzero(past if name in FIRST_YEAR else ~past)
        drivers = np.stack([np.outer(values[rows], where) for values, where in series], axis=1)
        warming = maps[rows] + _weather(len(rows), lat, lon, name)
        found[name] = BenchRun(forcing.year[rows], drivers, warming, lat, lon)
    return found


def _unit(values: FloatArray, lat: FloatArray) -> FloatArray:
    """Return ``values`` (latitudes, longitudes), smoothed, as places whose area-weighted mean is 1."""
    smooth = gaussian_filter(values, SIGMA_PLACES, mode=("nearest", "wrap")).ravel()
    return np.asarray(smooth / (area_weights(lat, values.shape[1]) @ smooth / smooth.size))


def _spots(
    spots: tuple[tuple[float, float, float], ...], lat: FloatArray, lon: FloatArray, width_deg: float
) -> FloatArray:
    found = np.full((len(lat), len(lon)), 0.02)
    for middle, centre, weight in spots:
        around = (lon - centre + 180.0) % 360.0 - 180.0
        squared = (lat[:, np.newaxis] - middle) ** 2 + around**2
        found += weight * np.exp(-0.5 * squared / width_deg**2)
    return found


def _weather(years: int, lat: FloatArray, lon: FloatArray, name: str) -> FloatArray:
    """Return maps (years, places) of weather, independent from year to year, in kelvin."""
    rng = stream(0, f"task/climate_bench/weather/{name}")
    drawn = rng.standard_normal((years, len(lat), len(lon)))
    smooth = gaussian_filter(
        drawn, (0.0, _WEATHER_PLACES, _WEATHER_PLACES), mode=("nearest", "nearest", "wrap")
    )
    equator, pole = _WEATHER_K
    spread = equator + (pole - equator) * np.sin(np.deg2rad(lat)) ** 2
    return np.asarray((smooth / smooth.std() * spread[:, np.newaxis]).reshape(years, -1))
