"""The factor that makes linear projections independent of their size; NOT for intensities, which are counts.

The real part of an entry of the medium has the variance 1/2, so Re(T x) has |x|^2/2. Source of the two rules: the
documentation of lightonml's OutputRescaling.
"""

import math
from typing import Literal, get_args

import numpy as np

from emulator.errors import ConfigError, nearest
from emulator.instruments.opu.timing import OpuDesign

__all__ = ["Rescale", "output_factor"]

RescaleRule = Literal["variance", "norm"]
Rescale = RescaleRule | None
"""``variance`` keeps the mean square of an entry, ``norm`` that of the vector; None leaves Re(T x) as it is."""

_STD = math.sqrt(0.5)


def output_factor(rescale: Rescale, design: OpuDesign) -> np.float32:
    """Return what Re(T x) is multiplied by: 1/(std sqrt features), 1/(std sqrt outputs) or 1, std = sqrt(1/2).

    Raises ``ConfigError`` for an unknown rule.
    """
    if rescale is None:
        return np.float32(1.0)
    if not isinstance(rescale, str) or rescale not in get_args(RescaleRule):
        hint = nearest(str(rescale), get_args(RescaleRule))
        raise ConfigError(
            f"OPU: rescale={rescale!r} is unknown; allowed: 'variance', 'norm' or None. {hint}".rstrip()
        )
    size = design.features if rescale == "variance" else design.outputs
    return np.float32(1.0 / (_STD * math.sqrt(size)))
