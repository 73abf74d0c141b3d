"""The shipped climate projections and forcing series, as their files hold them; NOT scaled or cut into tasks.

Every file is checked against a pinned SHA-256, as all shipped data are. LICENSES.md has their origin in full.
"""

import io
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from data.sets import FloatArray, IntArray, shipped_bytes

__all__ = [
    "FORCING_SOURCE",
    "HADGEM2_SOURCE",
    "SCENARIOS",
    "Forcing",
    "NorthAmerica",
    "WarmingPattern",
    "load_forcing",
    "load_north_america",
    "load_pattern",
]

HADGEM2_SOURCE: Final = (
    "HadGEM2 projections: Crown copyright 2018, Met Office, UK Open Government Licence v3.0"
)
FORCING_SOURCE: Final = (
    "forcing series: RCMIP 5.1.0 (Nicholls et al. 2020) and RCP database via FaIR 1.6.4, Apache-2.0"
)

SCENARIOS: Final = ("ssp126", "ssp245", "ssp370", "ssp585")
"""The shared socioeconomic pathways that a benchmark of emulators learns from and is tested on."""

_SHA256: Final = {
    "hadgem2_north_america_tas": "46827d328492a7045b1c9cd1b925495bd1e476c765cb367df341f6336ee7b101",
    "hadgem2_inputs": "5cfc1ce864abecff8eb3a956e8a38ce6c596eb9f875203de6576b234385d4a76",
    "hadgem2_global_96x144": "8445b190a89d44fb6445c135157ffbcf83b8e05ffca983cf457dd4b00c1d2403",
    "ssp_forcing": "525e82945402f8682b913387861f91596465fc77d389cc0a91cca9190d6e5fbf",
}
_DRIVERS: Final = ("em_CO2_Mt", "em_CH4_Mt", "em_SO2_Mt", "em_BC_Mt")


@dataclass(frozen=True, eq=False)
class NorthAmerica:
    """Hold two projections of annual surface air temperature over North America, and what drove them.

    ``drivers`` by scenario (years, 4): cumulative CO2 in GtC, CH4 in Mt, SOx in MtS and black carbon in Mt a year.
    ``warming_k`` by scenario (years, latitudes * longitudes): kelvin above the mean of the first 40 years. The
    scenarios are A1B and E1; the drivers of E1 are those of RCP2.6, which stand for it, as its own are not public
    in this form. Until 1999 both are the same run.
    """

    year: IntArray
    lat_deg: FloatArray
    lon_deg: FloatArray
    drivers: dict[str, FloatArray]
    warming_k: dict[str, FloatArray]


@dataclass(frozen=True, eq=False)
class Forcing:
    """Hold emissions and effective radiative forcing of each scenario; arrays run over ``year``, 1850-2100.

    ``emissions`` by scenario (years, 4): CO2, CH4, SO2 and black carbon in Mt a year. ``aerosol_w_m2`` and
    ``total_w_m2`` by scenario (years,).
    """

    year: IntArray
    emissions: dict[str, FloatArray]
    aerosol_w_m2: dict[str, FloatArray]
    total_w_m2: dict[str, FloatArray]


@dataclass(frozen=True, eq=False)
class WarmingPattern:
    """Hold HadGEM2's warming of the year 2099 under A1B, in kelvin (latitudes, longitudes), on 96 x 144 places."""

    lat_deg: FloatArray
    lon_deg: FloatArray
    warming_k: FloatArray


def load_north_america() -> NorthAmerica:
    """Load the projections of 1860-2099; raises ``TaskError`` when a file is missing or not the shipped one."""
    maps, inputs = _arrays("hadgem2_north_america_tas"), _arrays("hadgem2_inputs")
    step_k = float(maps["scale"])
    count = len(maps["year"])
    return NorthAmerica(
        year=maps["year"],
        lat_deg=_real(maps["lat"]),
        lon_deg=_real(maps["lon"]),
        drivers={"A1B": _real(inputs["A1B"]), "E1": _real(inputs["E1proxy_RCP26"])},
        warming_k={name: step_k * _real(maps[name]).reshape(count, -1) for name in ("A1B", "E1")},
    )


def load_forcing() -> Forcing:
    """Load the series of the four scenarios; raises ``TaskError`` as ``load_north_america`` does."""
    npz = _arrays("ssp_forcing")
    names = [str(name) for name in npz["columns"]]

    def rows(scenario: str, *wanted: str) -> FloatArray:
        return np.stack([_real(npz[scenario][names.index(name)]) for name in wanted], axis=1)

    return Forcing(
        year=npz["year"],
        emissions={name: rows(name, *_DRIVERS) for name in SCENARIOS},
        aerosol_w_m2={name: rows(name, "ERF_aerosol")[:, 0] for name in SCENARIOS},
        total_w_m2={name: rows(name, "ERF_total")[:, 0] for name in SCENARIOS},
    )


def load_pattern() -> WarmingPattern:
    """Load the global map; raises ``TaskError`` as ``load_north_america`` does."""
    npz = _arrays("hadgem2_global_96x144")
    warming = _real(npz["A1B_2099"]) - _real(npz["preindustrial"])
    return WarmingPattern(_real(npz["lat"]), _real(npz["lon"]), warming)


def _arrays(name: str) -> dict[str, NDArray[Any]]:
    content = shipped_bytes(f"{name}.npz", _SHA256[name], files(__package__))
    with np.load(io.BytesIO(content), allow_pickle=False) as npz:
        return {key: npz[key] for key in npz.files}


def _real(array: NDArray[Any]) -> FloatArray:
    return array.astype(np.float64)
