"""What a twin's arithmetic asks of the host, counted operation by operation; the host says how long that takes.

A multiplication, an addition or a comparison is one operation, an exponential ten. A pass through a mesh keeps its
light in the cache, so bytes are what each array is read or written once, 8 bytes a number.
"""

from typing import Final, NamedTuple

from emulator.commands import Compute
from emulator.physics.chip.adjoint import MeshNetwork

__all__ = ["NOTHING", "Work", "adam_work", "forward_work", "pull_work", "push_work", "slopes_work"]

_BYTES: Final = 8

_FORWARD: Final = 6
"""Operations of a rotator on a column of light: four products and two sums."""

_PULL: Final = 18
"""Of the way back: light 8, errors 6, and the slope's product and sum 4."""

_PUSH: Final = 16
"""Of the light 6, of its changes 6, and 4 for what the rotator's own step adds."""

_ADAM: Final = 14
"""Operations of a step of Adam on a phase: two moving means 7, a root, a quotient, the step and its wrap 7."""


class Work(NamedTuple):
    """Count floating-point operations and bytes moved."""

    flops: int
    bytes: int

    def plus(self, other: "Work") -> "Work":
        """Return this and ``other``."""
        return Work(self.flops + other.flops, self.bytes + other.bytes)

    def times(self, number: int) -> "Work":
        """Return this, done so many times."""
        return Work(self.flops * number, self.bytes * number)

    def paid(self, activity: str) -> Compute:
        """Return the command that pays for it."""
        return Compute(self.flops, self.bytes, activity)


NOTHING: Final = Work(0, 0)


def _pass(network: MeshNetwork, samples: int, a_column: int, a_weight: int) -> Work:
    """Return the work of one pass: operations for every device and column, and for every weight and sample."""
    flops = numbers = 0
    for layer in network.layers:
        columns = min(samples, layer.inputs)
        products = layer.inputs * layer.outputs * samples if samples > layer.inputs else 0
        flops += a_column * layer.devices * columns + a_weight * products
        numbers += 6 * layer.devices + 2 * layer.modes * columns + samples * (layer.inputs + layer.outputs)
    return Work(flops, _BYTES * numbers)


def forward_work(network: MeshNetwork, samples: int) -> Work:
    """Return the work of one forward pass; sine and cosine of a phase, once each, are twenty operations."""
    return _pass(network, samples, _FORWARD, 2).plus(Work(20 * network.devices, 0))


def pull_work(network: MeshNetwork, samples: int) -> Work:
    """Return the work of one product with the transposed Jacobian."""
    return _pass(network, samples, _PULL, 4)


def push_work(network: MeshNetwork, samples: int) -> Work:
    """Return the work of one product with the Jacobian."""
    return _pass(network, samples, _PUSH, 4)


def slopes_work(samples: int, outputs: int) -> Work:
    """Return the work of a loss's derivatives: an exponential, a sum, a quotient and a difference an output."""
    return Work(13 * samples * outputs, 3 * _BYTES * samples * outputs)


def adam_work(phases: int) -> Work:
    """Return the work of a step of Adam on so many phases."""
    return Work(_ADAM * phases, 6 * _BYTES * phases)
