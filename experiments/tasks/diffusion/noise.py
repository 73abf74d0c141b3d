"""From pictures to noise and back: the cosine schedule, what a network is shown, and how it draws pictures.

A picture x in [-1, 1] becomes a x + s e at time t in [0, 1], a = cos(pi t/2), s = sin(pi t/2), e normal; what is
learnt is v = a e - s x, from which both follow: x = a (a x + s e) - s v.

Sources: A. Nichol, P. Dhariwal, Improved Denoising Diffusion Probabilistic Models (2021), for the schedule (without
its offset); T. Salimans, J. Ho, Progressive Distillation (2022), for v; J. Song et al., DDIM (2021), for the draw.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from controllers.feedback_alignment.dfa import Shown
from data.sets import FloatArray

if TYPE_CHECKING:
    import torch

__all__ = ["STEPS", "TIME_VALUES", "Diffusion", "drawn", "time_values"]

STEPS: Final = 40
"""Steps in which a picture is drawn."""

TIME_VALUES: Final = 32
_FASTEST: Final = 100.0
"""Angular frequency of the fastest of the values that tell a time; assumed."""

Floats = NDArray[np.float32]
Answers = Callable[[FloatArray, "Sequence[torch.Tensor]"], NDArray[np.float32]]
"""A network: the v (samples, tiles, places) of noisy pictures (samples, pixels), given side inputs."""


@dataclass(frozen=True)
class Diffusion:
    """Show a network pictures of ``classes`` at random times; as a ``Presenter`` it is called."""

    classes: int

    @property
    def side(self) -> int:
        """Return the values that a sample has beside its picture: its time and its class."""
        return TIME_VALUES + self.classes

    def __call__(self, x: "torch.Tensor", y: "torch.Tensor", rng: np.random.Generator) -> Shown:
        """Return pictures ``x`` (samples, pixels), in [0, 1], of classes ``y`` with noise, and their v."""
        import torch

        t = rng.random(len(x), dtype=np.float32)
        noise = torch.from_numpy(rng.standard_normal(x.shape, dtype=np.float32))
        angle = torch.from_numpy(0.5 * np.float32(math.pi) * t)[:, None]
        share, spread, picture = torch.cos(angle), torch.sin(angle), 2.0 * x - 1.0
        side = self.told(t, y.numpy())
        return Shown(share * picture + spread * noise, share * noise - spread * picture, (side,))

    def told(self, t: Floats, labels: NDArray[np.int64]) -> "torch.Tensor":
        """Return what a network is told of samples beside their pictures, (samples, side)."""
        import torch

        one_hot = np.eye(self.classes, dtype=np.float32)[labels]
        return torch.from_numpy(np.hstack([time_values(t), one_hot]))


def time_values(t: Floats) -> Floats:
    """Return ``t`` (samples,) as sines and cosines of growing frequencies (samples, 32)."""
    rates = np.geomspace(1.0, _FASTEST, TIME_VALUES // 2, dtype=np.float32)
    angles = t[:, np.newaxis] * rates
    return np.hstack([np.sin(angles), np.cos(angles)]).astype(np.float32)


def drawn(
    answers: Answers,
    joined: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    diffusion: Diffusion,
    labels: NDArray[np.int64],
    pixels: int,
    rng: np.random.Generator,
) -> Floats:
    """Return pictures (samples, pixels) in [0, 1] of classes ``labels`` that a network draws out of noise.

    ``joined`` makes pictures of its tiles. Every step takes the picture that the network sees to be the end, cut to
    [-1, 1], and goes on to the next time without new noise.
    """
    x = rng.standard_normal((len(labels), pixels), dtype=np.float32)
    times = np.linspace(1.0, 0.0, STEPS + 1)
    for now, then in pairwise(times):
        side = diffusion.told(np.full(len(labels), now, dtype=np.float32), labels)
        v = joined(answers(x.astype(np.float64), (side,)))
        share, spread = math.cos(0.5 * math.pi * now), math.sin(0.5 * math.pi * now)
        picture = np.clip(share * x - spread * v, -1.0, 1.0)
        noise = (x - share * picture) / spread
        x = (math.cos(0.5 * math.pi * then) * picture + math.sin(0.5 * math.pi * then) * noise).astype(
            np.float32
        )
    return np.asarray(np.clip(0.5 * (x + 1.0), 0.0, 1.0))
