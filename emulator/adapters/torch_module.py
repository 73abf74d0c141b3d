"""A layer of a PyTorch network whose product is made with light; import this module only where torch is wanted.

The layer has no parameters and no gradient: light brings back numbers, not how they depend on the input. NOT here:
training through it, which is what ``controllers.feedback_alignment`` does, and devices other than the CPU.
"""

from typing import Literal

import numpy as np
import torch

from emulator.adapters.rescaling import Rescale, output_factor
from emulator.adapters.session import LinearMode, OpuSession, as_config, with_projections
from emulator.errors import CommandError, ConfigError
from emulator.instruments.host.config import HostConfig
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import OpuDesign

__all__ = ["OpuProjection"]


class OpuProjection(torch.nn.Module):
    """Project (..., ``in_features``) to (..., ``out_features``) by a fixed random matrix, with emulated light.

    ``encoding`` is what the inputs are: any numbers, in bit planes of ``config``'s precision; -1, 0 and 1; or 0 and
    1. ``config`` is a preset's name or a configuration, whose way of recovery is used; if it has none, off-axis
    holography. ``seed`` fixes the matrix and the noise. The output is Re(T x), rescaled as ``rescale`` says. Copies
    have the same matrix and a clock of their own. Raises ``ConfigError`` for what the device cannot do.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        encoding: Literal["bitplanes", "ternary", "binary"] = "bitplanes",
        rescale: Rescale = "variance",
        config: OpuConfig | str = "light_in_the_loop",
        seed: int = 0,
        host: HostConfig | None = None,
    ) -> None:
        super().__init__()
        chosen = as_config(config)
        mode: LinearMode = "off_axis" if chosen.recovery.mode == "intensity" else chosen.recovery.mode
        unit = with_projections(chosen, mode, encoding, chosen.dmd.precision)
        design = OpuDesign(in_features, out_features)
        self.in_features = in_features
        self.out_features = out_features
        self._factor = output_factor(rescale, design)
        self._session = OpuSession(unit, design, seed, host)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the projections (..., out_features) of ``x`` (..., in_features), float32 both, detached.

        Raises ``CommandError`` for another shape or type, and for a number that the encoding cannot show.
        """
        if x.dtype != torch.float32 or x.device.type != "cpu" or x.shape[-1:] != (self.in_features,):
            raise CommandError(
                f"OpuProjection: a tensor of shape {tuple(x.shape)} and type {x.dtype} on {x.device}; allowed is "
                f"(..., {self.in_features}) of torch.float32 on the CPU: convert with x.float().cpu()"
            )
        vectors = np.ascontiguousarray(x.detach().numpy().reshape(-1, self.in_features))
        outputs = self._session.project(vectors).outputs * self._factor
        return torch.from_numpy(outputs).reshape(*x.shape[:-1], self.out_features)

    @property
    def seconds(self) -> float:
        """Emulated seconds of all calls so far."""
        return self._session.seconds

    @property
    def joules(self) -> float:
        """Joules that unit and host drew in that time."""
        return self._session.joules

    def get_extra_state(self) -> torch.Tensor:
        """Return what names the matrix: seed and sizes; a state dict holds it in place of weights."""
        return torch.tensor([self._session.seed, self.in_features, self.out_features], dtype=torch.int64)

    def set_extra_state(self, state: torch.Tensor) -> None:
        """Check that a state dict is of the same matrix; raises ``ConfigError`` when it is not."""
        mine = self.get_extra_state()
        if not torch.equal(mine, state):
            raise ConfigError(
                f"OpuProjection: the state is of seed, in_features, out_features = {state.tolist()}, this module "
                f"of {mine.tolist()}, which is another matrix; make it with the same ones"
            )

    def extra_repr(self) -> str:
        """Return what ``print`` shows."""
        unit = self._session.config
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"encoding={unit.dmd.encoding}, recovery={unit.recovery.mode}, seed={self._session.seed}"
        )
