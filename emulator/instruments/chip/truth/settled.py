"""A fabricated chip as a function of what its heaters are driven to, and its derivative: settled, without noise.

It knows what nobody who only reads the chip can: gamma of every device, crosstalk, which heaters are dead. It is
for oracles and tests, and changes nothing of the chip. What DACs round is left out: between two codes a derivative
would be 0. A drive is wrapped to [0, 2 pi) as the chip does it, so that heat jumps where a phase passes 2 pi.
"""

import numpy as np
from numpy.typing import NDArray

from emulator.instruments.chip.state import ChipCore
from emulator.physics.chip.heaters import HEAT, NEGLIGIBLE_RAD, SETTLED
from emulator.physics.chip.kernels.circuit import DRIVEN, GAIN

__all__ = ["SettledChip"]

Floats = NDArray[np.float64]

_TURN = 2.0 * np.pi


class SettledChip:
    """Say which phases light sees when the active heaters of ``core`` are driven somewhere, and heat has settled.

    ``heaters`` (n,) are the active devices, ascending, and ``radians`` (n,) what they are driven to now.
    """

    def __init__(self, core: ChipCore) -> None:
        self.heaters = np.flatnonzero(core.design.active)
        self.radians = core.drivers[DRIVEN, self.heaters].copy()
        self._gains = core.drivers[GAIN, self.heaters].copy()
        config, coupling = core.config.heaters, core.coupling
        self._instant = config.dynamics == "instant"
        self._substrate = np.where(self._gains > 0.0, config.substrate_coupling, 0.0)
        self._victims, self._weights = coupling.victims, coupling.weights
        self._aggressors = np.repeat(np.arange(core.design.active.size), np.diff(coupling.start))
        values = core.thermal.values
        heat = values[HEAT].copy()
        # What stays whatever is driven: phases that are built in, and what warm passive devices add to others.
        self._still = values[SETTLED] - self._spread(heat)
        heat[self.heaters] = 0.0
        self._still = self._still + self._spread(heat)

    def phases(self, radians: Floats) -> Floats:
        """Return the phases (devices,) that light sees where the heaters are driven to ``radians`` (n,)."""
        driven = np.mod(radians, _TURN)
        heat = np.zeros(self._still.size)
        heat[self.heaters] = self._gains * driven
        return np.asarray(self._still + self._spread(heat) + float(self._substrate @ driven))

    def pull_back(self, slopes: Floats) -> Floats:
        """Return the derivatives (n,) by what is driven, of what has the derivatives ``slopes`` by those phases."""
        warmed = self._spread(slopes, backwards=True)
        return np.asarray(self._gains * warmed[self.heaters] + self._substrate * slopes.sum())

    def _spread(self, heat: Floats, backwards: bool = False) -> Floats:
        """Return (1 + K) heat for heaters that jump, else (1 - K)^-1 heat; ``backwards`` with K transposed."""
        source, target = self._aggressors, self._victims
        if backwards:
            source, target = target, source
        total, term = heat.copy(), heat
        while np.abs(term).max(initial=0.0) >= NEGLIGIBLE_RAD:
            term = np.bincount(target, self._weights * term[source], minlength=heat.size).astype(np.float64)
            total += term
            if self._instant:
                break
        return total
