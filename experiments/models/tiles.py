"""How a map is cut into tiles, one a row of a model with rows; NOT what becomes of a tile."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError

if TYPE_CHECKING:
    import torch

__all__ = ["Tiles"]

Values = TypeVar("Values", NDArray[np.floating], "torch.Tensor")


@dataclass(frozen=True, slots=True)
class Tiles:
    """Cut a map of ``height`` x ``width`` places into tiles of ``high`` x ``wide``, row by row.

    Raises ``ConfigError`` unless whole tiles fill it.
    """

    height: int
    width: int
    high: int
    wide: int

    def __post_init__(self) -> None:
        if (
            min(self.height, self.width, self.high, self.wide) < 1
            or self.height % self.high
            or self.width % self.wide
        ):
            raise ConfigError(
                f"tiles: {self.high} x {self.wide} is refused for a map of {self.height} x {self.width}; allowed: "
                "tiles that fill it"
            )

    @property
    def count(self) -> int:
        """Return how many tiles there are."""
        return (self.height // self.high) * (self.width // self.wide)

    @property
    def places(self) -> int:
        """Return the places of a tile."""
        return self.high * self.wide

    def joined(self, tiles: Values) -> Values:
        """Return maps (samples, height * width) of ``tiles`` (samples, count, places); maps stay as they are."""
        if tiles.ndim == 2:
            return tiles
        samples = len(tiles)
        cut = tiles.reshape(samples, self.height // self.high, self.width // self.wide, self.high, self.wide)
        return cut.swapaxes(2, 3).reshape(samples, self.height * self.width)

    def cut(self, maps: Values, channels: int = 1) -> Values:
        """Return the tiles (samples, count, channels * places) of ``maps`` (samples, channels * height * width)."""
        samples, rows, columns = len(maps), self.height // self.high, self.width // self.wide
        parts = maps.reshape(samples, channels, rows, self.high, columns, self.wide)
        # From (samples, channels, rows, high, columns, wide) to (samples, rows, columns, channels, high, wide).
        ordered = parts.swapaxes(3, 4).swapaxes(1, 2).swapaxes(2, 3)
        return ordered.reshape(samples, self.count, channels * self.places)
