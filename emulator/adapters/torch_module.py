"""A layer of a PyTorch network whose product is made with light; import this module only where torch is wanted.

The layer has no parameters and no gradient: light brings back numbers, not how they depend on the input. NOT here:
training through it, which is what ``controllers.feedback_alignment`` does, and devices other than the CPU.
"""

from collections.abc import Callable
from typing import Any, Final, Literal, Never, TypeVar

import numpy as np
import torch

from emulator.adapters.rescaling import Rescale, output_factor
from emulator.adapters.session import LinearMode, OpuSession, as_config, with_projections
from emulator.arguments import checked_choice, checked_kind, shown
from emulator.errors import CommandError, ConfigError
from emulator.instruments.host.config import HostConfig
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import OpuDesign

__all__ = ["OpuProjection"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

_ENCODINGS: Final = ("bitplanes", "ternary", "binary")

_OUTSIDE_GRAPHS: Final = (
    "OpuProjection: light is measured anew in every call, so no graph can hold it; allowed: torch.compile without "
    "fullgraph=True, which breaks its graph here, or to export what comes after it"
)


def _outside_graphs(function: _Function) -> _Function:
    """Return ``function`` as one that ``torch.compile`` leaves to Python: it breaks its graph there."""
    left: _Function = torch.compiler.disable(function, reason=_OUTSIDE_GRAPHS)  # type: ignore[no-untyped-call]
    return left


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
        checked_choice("OpuProjection: encoding", encoding, _ENCODINGS)
        chosen = as_config(config)
        mode: LinearMode = "off_axis" if chosen.recovery.mode == "intensity" else chosen.recovery.mode
        unit = with_projections(chosen, mode, encoding, chosen.dmd.precision)
        design = OpuDesign(in_features, out_features)
        self.in_features = in_features
        self.out_features = out_features
        self._factor = output_factor(rescale, design)
        self._session = OpuSession(unit, design, seed, host)

    @_outside_graphs
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the projections (..., out_features) of ``x`` (..., in_features), float32 both, detached.

        Under ``torch.autocast``, ``x`` of another floating type becomes float32. Raises ``CommandError`` for
        another shape or type, for a number that the encoding cannot show, and where ``torch.jit.trace``,
        ``torch.export`` or ``torch.func`` want what no measurement gives: a graph, or a derivative.
        """
        if torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
            raise CommandError(f"torch.jit.trace would keep one measurement as a constant. {_OUTSIDE_GRAPHS}")
        x = checked_kind("OpuProjection: x", x, torch.Tensor, self._allowed, CommandError)
        if torch.is_autocast_enabled("cpu") and x.dtype.is_floating_point:
            x = x.float()
        outputs = self._session.project(self._vectors(x)).outputs * self._factor
        return torch.from_numpy(outputs).reshape(*x.shape[:-1], self.out_features)

    @property
    def _allowed(self) -> str:
        return f"a tensor (..., {self.in_features}) of torch.float32 on the CPU: convert with x.float().cpu()"

    def _vectors(self, x: torch.Tensor) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Return the numbers of ``x`` as (n, in_features)."""
        if x.is_nested or x.layout != torch.strided:
            layout = "nested" if x.is_nested else str(x.layout)
            raise CommandError(f"OpuProjection: a tensor of layout {layout}; allowed is {self._allowed}")
        if x.dtype != torch.float32 or x.device.type != "cpu" or x.shape[-1:] != (self.in_features,):
            raise CommandError(
                f"OpuProjection: a tensor of shape {tuple(x.shape)} and type {x.dtype} on {x.device}; allowed is "
                f"{self._allowed}"
            )
        try:
            numbers = x.detach().resolve_neg().numpy()
        except (RuntimeError, TypeError) as error:  # of torch.func, torch.export and fake tensors
            raise CommandError(
                f"OpuProjection: {type(x).__name__} holds no numbers that mirrors could show, as in torch.func and "
                f"torch.export; allowed is {self._allowed}, with as many leading axes as you like in place of "
                f"vmap. {_OUTSIDE_GRAPHS}"
            ) from error
        return np.ascontiguousarray(numbers.reshape(-1, self.in_features))

    def __prepare_scriptable__(self) -> Never:
        """Refuse ``torch.jit.script``, which asks here."""
        raise CommandError(f"torch.jit.script has no light. {_OUTSIDE_GRAPHS}")

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
        words = [self._session.seed, self.in_features, self.out_features]
        return torch.tensor(words, dtype=torch.int64, device="cpu")

    def set_extra_state(self, state: torch.Tensor) -> None:
        """Check that a state dict is of the same matrix; raises ``ConfigError`` when it is not."""
        mine = self.get_extra_state()
        if not isinstance(state, torch.Tensor):
            raise ConfigError(
                f"OpuProjection: the state is {shown(state)}; allowed: a tensor of {mine.tolist()}"
            )
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
