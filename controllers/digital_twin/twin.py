"""A digital twin of one chip: the nominal mesh, with what readings have taught of its devices.

What a chip reads differs from its design by small errors of every phase: fabrication, crosstalk, converters. The
twin holds one offset a device for them, and a gain a heater that says whether it heats at all. It predicts
readings, and tells how a loss changes with the phases that are driven; ``fit`` learns offsets and gains.

What it does not know: temperatures, gammas, test data; and nothing of a mesh that is not the one deployed.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from controllers.kind import Setting
from controllers.losses import slopes_of
from emulator.errors import ConfigError
from emulator.physics.chip.adjoint import MeshNetwork, forward, nominal_network, pull_back

__all__ = ["Record", "Twin", "twin_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Record(NamedTuple):
    """Hold a reading: what heaters were driven to (n,), what went in (samples, modes) and what came out."""

    driven: Floats
    inputs: Floats
    outputs: Floats


class Twin:
    """Predict what a chip reads with its ``heaters`` (n,) driven to given phases (n,).

    ``design`` (devices,) are the phases of the network as it was ordered, ``spread`` (devices,) the standard
    deviation that their errors are expected to have, all in radians. ``offsets`` (devices,) are the errors as far
    as they are known, ``common_rad`` is what all have in common, as from a warm substrate, ``gains`` (n,) what a
    heater makes of a radian: 1, or 0 if it is ``dead`` (n,).
    """

    def __init__(self, network: MeshNetwork, design: Floats, heaters: Ints, spread: Floats) -> None:
        self.network = network
        self.heaters = heaters
        self.spread = spread
        self.offsets = np.zeros(network.devices)
        self.common_rad = 0.0
        self.gains = np.ones(heaters.size)
        self.dead = np.zeros(heaters.size, dtype=np.bool_)
        self._built_in = design.copy()
        self._built_in[heaters] = 0.0  # an active device has no phase but what its heater gives

    def phases(self, driven: Floats) -> Floats:
        """Return the phases (devices,) that light is believed to see with heaters driven to ``driven`` (n,)."""
        phases = self._built_in + self.offsets + self.common_rad
        phases[self.heaters] += self.gains * driven
        return phases

    def mistake(self, errors: Floats) -> None:
        """Take the design for another by ``errors`` (devices,), in radians, where phases are built in."""
        passive = np.ones(errors.size, dtype=np.bool_)
        passive[self.heaters] = False
        self._built_in += np.where(passive, errors, 0.0)

    def forget(self) -> None:
        """Know nothing of the devices' errors any more."""
        self.offsets = np.zeros(self.network.devices)
        self.common_rad = 0.0

    def bury(self, dead: NDArray[np.bool_]) -> None:
        """Take the heaters ``dead`` (n,) for broken, and all others for sound."""
        self.dead = dead.copy()
        self.gains = np.where(dead, 0.0, 1.0)

    def read(self, driven: Floats, inputs: Floats) -> Floats:
        """Return the outputs (samples, outputs) that the chip is believed to read."""
        return forward(self.network, self.phases(driven), inputs).outputs

    def slopes(
        self, driven: Floats, inputs: Floats, targets: NDArray[Any], outputs: Floats | None = None
    ) -> Floats:
        """Return the loss's derivatives (n,) by the driven phases; its error is that of ``outputs``, if given.

        Where the chip has read the outputs, the error is real, and only its way back is the twin's.
        """
        at = forward(self.network, self.phases(driven), inputs)
        errors = slopes_of(at.outputs if outputs is None else outputs, targets)
        return np.asarray(self.gains * pull_back(self.network, at, errors)[self.heaters])


def twin_of(setting: Setting, floor_rad: float) -> Twin:
    """Return the twin of the chip that ``setting`` describes, before it has seen a reading.

    The spread is the data sheet's share of the design phase, and ``floor_rad`` besides, in radians, for crosstalk
    and converters. Raises ``ConfigError`` where nothing was deployed.
    """
    deployment, sheet = setting.deployment, setting.sheet
    if deployment is None or sheet is None:
        raise ConfigError("twin: no chip to be the twin of; allowed: a study that deploys weights on a chip")
    if deployment.feeds:
        raise ConfigError(
            "twin: the chip's layers take patches of pictures, which the twin does not model; allowed: "
            "task.model = 'mlp'"
        )
    network = nominal_network(
        deployment.layers, sheet.sigma_max, sheet.shape, sheet.rotation, sheet.insertion_loss_db,
        sheet.activation_clip, sheet.full_scale,
    )  # fmt: skip
    design = deployment.phases
    return Twin(network, design, setting.heaters, sheet.phase_spread * design + floor_rad)
