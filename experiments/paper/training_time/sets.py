"""Assumptions that explain the times of ODFA's Figure 4, and what a step takes under each; two numbers are fitted.

Batch, GPU, precision, optimiser, frames and light's rate of that figure are not published (arXiv 2409.12965).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from scipy.optimize import brentq

from emulator.errors import ConfigError
from experiments.run.launch import open_study
from experiments.scale.timing import time_steps

__all__ = ["BP_S", "DEPTH", "ODFA_S", "SETS", "Assumed", "Fitted", "fitted_to", "seconds"]

BP_S: Final = 13.39e-3
"""Seconds a sample of backpropagation at 96 x 3,080 (paper ODFA, Fig. 4)."""

ODFA_S: Final = 13.09e-3
"""Seconds a sample of ODFA there (paper ODFA, Fig. 4)."""

DEPTH: Final = 96
WIDTH: Final = 3080
_SHARES: Final = (0.3, 1.0)
_RATES_HZ: Final = (200.0, 9000.0)
_LIGHT: Final = ("opu.camera.exposure_s=5e-5", "opu.camera.nominal_exposure_s=5e-5")
"""Exposures short enough for every rate that is tried, so that the frame clock alone sets the beat."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """Hold one set of assumptions: preset of the GPU, optimiser, samples a step, inputs and outputs."""

    gpu: str
    optimizer: str
    batch: int
    inputs: int
    outputs: int

    @property
    def name(self) -> str:
        """Return the set in a few words."""
        return f"{self.gpu}, {self.optimizer}, batch {self.batch}, {self.inputs}/{self.outputs}"


SETS: Final = (
    Assumed("rtx_2080_ti", "sgd", 4, 55_296, 13_824),
    Assumed("v100", "adam_fused", 4, 1000, 1000),
    Assumed("gtx_1080_ti", "momentum", 8, 1000, 1000),
    Assumed("p100", "momentum", 8, 55_296, 13_824),
    Assumed("t4", "momentum", 16, 55_296, 13_824),
    Assumed("titan_rtx", "adam", 16, 55_296, 13_824),
)
"""Six of those that a search over GPUs, optimisers, batches and sizes left; each fits its GPU's memory."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """Hold the two numbers that are fitted: the share of the GPU's bandwidth that is reached, and light's rate."""

    memory_efficiency: float
    frame_rate_hz: float


def seconds(assumed: Assumed, fitted: Fitted, method: str, *changes: str) -> float:
    """Return the seconds a sample of ``method`` by simulation; ``changes`` are overrides of the study figure4."""
    overrides = (
        f"gpu.preset={assumed.gpu}",
        f"gpu.memory_efficiency={fitted.memory_efficiency!r}",
        f"workload.optimizer={assumed.optimizer}",
        f"workload.batch={assumed.batch}",
        f"workload.inputs={assumed.inputs}",
        f"workload.outputs={assumed.outputs}",
        f"workload.method={method}",
        f"opu.camera.frame_rate_hz={fitted.frame_rate_hz!r}",
        *_LIGHT,
        *changes,
    )
    return time_steps(open_study("figure4", overrides, None)).seconds_per_sample


def fitted_to(assumed: Assumed, bp_s: float = BP_S, odfa_s: float = ODFA_S) -> Fitted:
    """Return the numbers with which 96 x 3,080 takes ``bp_s`` and ``odfa_s`` a sample.

    Raises ``ConfigError`` where none do: then the set explains nothing.
    """
    share = _root(assumed, lambda x: seconds(assumed, Fitted(x, _RATES_HZ[0]), "bp") - bp_s, _SHARES)
    rate_hz = _root(assumed, lambda x: seconds(assumed, Fitted(share, x), "odfa") - odfa_s, _RATES_HZ)
    return Fitted(share, rate_hz)


def _root(assumed: Assumed, miss: Callable[[float], float], ends: tuple[float, float]) -> float:
    if miss(ends[0]) * miss(ends[1]) > 0:
        raise ConfigError(
            f"figure4: {assumed.name}: no value from {ends[0]:g} to {ends[1]:g} explains the paper"
        )
    return float(brentq(miss, *ends, rtol=1e-5))
