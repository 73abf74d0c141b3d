"""Diffusion of digits at 16 x 16 and of clothes at 28 x 28, from the pictures of the tasks that recognise them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from experiments.models.tiles import Tiles
from experiments.tasks.diffusion.exhibit import picture_exhibit
from experiments.tasks.diffusion.judges import VError, VLoss
from experiments.tasks.diffusion.noise import Diffusion
from experiments.tasks.images import build_fashion, build_mnist16
from experiments.tasks.task import Task, TaskKind, TaskOptions

__all__ = ["KINDS", "build_fashion_diffusion", "build_mnist16_diffusion"]

_HIDDEN: Final = (64, 64, 64, 64)
_TILE: Final = 4


def build_mnist16_diffusion(options: TaskOptions) -> Task:
    """Build the diffusion of the digits of ``mnist16``; raises ``TaskError`` as that does."""
    return _diffusion(options, build_mnist16)


def build_fashion_diffusion(options: TaskOptions) -> Task:
    """Build the diffusion of the clothes of ``fashion``, all where they are installed; raises as that does."""
    return _diffusion(options, build_fashion)


def _diffusion(options: TaskOptions, build: Callable[[TaskOptions], Task]) -> Task:
    known = build(options)
    hidden, pixels, classes = options.hidden_or(_HIDDEN), known.layer_sizes[0], known.layer_sizes[-1]
    _, height, width = known.picture or (1, 1, pixels)
    tiles, diffusion = Tiles(height, width, _TILE, _TILE), Diffusion(classes)
    return replace(
        known,
        name=options.name,
        title=f"Diffusion of {known.title}",
        layer_sizes=(pixels, *hidden, pixels),
        options=replace(known.options, name=options.name, hidden=hidden),
        loss=VLoss(tiles),
        metric=VError(tiles),
        layers="",
        present=diffusion,
        side=(diffusion.side,),
        tiles=tiles,
        exhibit=picture_exhibit,
    )


KINDS = (
    TaskKind("mnist16_diffusion", build_mnist16_diffusion),
    TaskKind("fashion_diffusion", build_fashion_diffusion),
)
