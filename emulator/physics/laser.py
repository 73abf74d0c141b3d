"""How a laser's power varies, whatever it shines on: intensity noise, and a drift towards another level.

Modelled: relative intensity noise with a white and a 1/f part, one draw for each frame that is taken of the light.
Not modelled: linewidth, mode hops, and correlations of the noise from one frame to the next.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emulator.errors import PhysicsError
from emulator.physics.gaussian import BLOCK, normals

__all__ = ["Laser", "drifted_power", "frame_powers", "intensity_std"]


@dataclass(frozen=True, slots=True)
class Laser:
    """Hold a laser's ``power`` relative to when it was new, and that power's relative standard deviation."""

    power: float = 1.0
    noise: float = 0.0


def frame_powers(laser: Laser, first: int, count: int, key: tuple[int, int]) -> NDArray[np.float64]:
    """Return the relative powers (count,) of the light of the frames ``first`` ... of the noise stream ``key``.

    Frame number f has power (1 + noise z_f), z_f standard normal and a function of ``key`` and f alone, so that
    batching changes nothing. Light has no negative power: what a draw would make so is dark.
    """
    if laser.noise == 0.0:
        return np.full(count, laser.power)
    start, stop = first // BLOCK, -(-(first + count) // BLOCK)
    drawn = np.concatenate([normals(BLOCK, draw, key) for draw in range(start, max(stop, start + 1))])
    mine = drawn[first - start * BLOCK :][:count]
    return np.asarray(laser.power * np.maximum(0.0, 1.0 + laser.noise * mine))


def intensity_std(rin_per_hz: float, low_hz: float, high_hz: float, corner_hz: float = 0.0) -> float:
    """Return the relative standard deviation of a laser's power in the band from ``low_hz`` to ``high_hz``.

    It is the root of the integral of the one-sided density ``rin_per_hz`` (1 + ``corner_hz`` / f): white noise, and
    1/f noise that equals it at ``corner_hz``. ``low_hz`` is one over the time for which one looks, ``high_hz`` the
    detection bandwidth. Raises ``PhysicsError`` unless 0 < low <= high and the others are >= 0.

    Source: the definition of relative intensity noise, e.g. G. P. Agrawal, Fiber-Optic Communication Systems.
    """
    if not (0.0 < low_hz <= high_hz and rin_per_hz >= 0.0 and corner_hz >= 0.0):
        raise PhysicsError(
            f"laser: RIN {rin_per_hz:g} / Hz from {low_hz:g} to {high_hz:g} Hz with a corner at {corner_hz:g} Hz "
            "is refused; allowed: 0 < low <= high, and neither RIN nor corner below 0"
        )
    return math.sqrt(rin_per_hz * (high_hz - low_hz + corner_hz * math.log(high_hz / low_hz)))


def drifted_power(t_s: float, change: float, tau_s: float) -> float:
    """Return the relative power ``t_s`` after a laser began to drift: 1 + ``change`` (1 - exp(-t/tau)).

    It solves tau dp/dt = (1 + change) - p, p(0) = 1: a power that follows a temperature to its new level. Raises
    ``PhysicsError`` where t < 0, tau <= 0 or the power would fall to 0.
    """
    if not (t_s >= 0.0 and tau_s > 0.0 and change > -1.0):
        raise PhysicsError(
            f"laser: a drift by {change:g} with a time constant of {tau_s:g} s is refused at {t_s:g} s; allowed: "
            "change > -1, a time constant > 0, from 0 s on"
        )
    return 1.0 - change * math.expm1(-t_s / tau_s)
