"""The data sheet of a chip: what its maker tells every buyer, and nothing of the one chip on the bench.

Together with what was deployed it makes the nominal mesh, of which a controller may keep a model.
"""

import math
from dataclasses import dataclass

from emulator.physics.chip.mesh import Rotation, Shape

__all__ = ["DataSheet"]


@dataclass(frozen=True, slots=True)
class DataSheet:
    """Hold the public numbers of a chip; activations are in activation units.

    Attributes
    ----------
    sigma_max
        Largest gain of an attenuator in amplitude: its gain is sigma_max cos(phase), times its layer's sign.
    shape, rotation
        How a layer's matrix is laid out in rotators, and which way they turn.
    insertion_loss_db
        Loss of one rotator in power, in decibels, that receivers make up for in the mean.
    activation_clip
        Upper end of the clipped ReLU between two layers, and of what a modulator can show.
    full_scale
        Range (+-) of a reading of the last layer; infinite where its converter is ideal.
    phase_spread
        Standard deviation of a device's phase over its phase, from fabrication.
    """

    sigma_max: float = 3.0
    shape: Shape = "thin"
    rotation: Rotation = "ccw"
    insertion_loss_db: float = 0.0
    activation_clip: float = 4.0
    full_scale: float = math.inf
    phase_spread: float = 0.0
