"""Fit a twin to readings: the offsets, and if asked the gains, of the greatest posterior probability.

Readings err about the twin independently by one standard deviation; the prior of an offset is normal about 0 with
the twin's spread, that of a gain about 1; all devices share one phase more, as from a warm substrate. Gauss-Newton
steps lead there, each a linear problem that conjugate gradients solve by products with the Jacobian: no matrix is
made, and a product costs as much as a few passes of light. Records of the same driven phases share their pass.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from controllers.digital_twin.conjugate import conjugate
from controllers.digital_twin.twin import Record, Twin
from controllers.digital_twin.work import NOTHING, Work, forward_work, pull_work, push_work
from emulator.physics.chip.adjoint import Linearised, forward, pull_back, push_forward

__all__ = ["Effort", "missed", "refit"]

Floats = NDArray[np.float64]

COMMON_RAD: Final = 0.1
"""Standard deviation of the prior of the phase that all devices share, in radians."""

_BEGINNINGS: Final = tuple(0.25 * number for number in range(-10, 11) if number)
"""Shared phases from which a first fit may begin, over their standard deviation: to a quarter of a radian."""

_SHARES: Final = (1.0, 0.5, 0.25, 0.1)
"""Of a step that are tried, one after the other, until one helps."""


class Effort(NamedTuple):
    """Say how hard to try: Gauss-Newton ``steps``, and the most ``products`` with the matrix of each."""

    steps: int = 1
    products: int = 8


class _Point(NamedTuple):
    """Hold a twin linearised at scaled unknowns (m,): a pass for each group of records, and the cost."""

    unknowns: Floats
    passes: list[Linearised]
    cost: float


class _Problem:
    """The least-squares problem of one fit; unknowns are offsets, what is common, gains, each over its spread."""

    def __init__(self, twin: Twin, records: Sequence[Record], reading_sd: float, gain_sd: float) -> None:
        self.twin = twin
        self.groups = _grouped(records)
        self.reading_sd = reading_sd
        self.gain_sd = gain_sd
        self.one_pass = self.one_product = NOTHING
        for each in self.groups:
            samples = len(each.inputs)
            self.one_pass = self.one_pass.plus(forward_work(twin.network, samples))
            pair = pull_work(twin.network, samples).plus(push_work(twin.network, samples))
            self.one_product = self.one_product.plus(pair)
        size = self.start().size
        self.one_product = self.one_product.plus(Work(12 * size, 80 * size))

    def start(self) -> Floats:
        """Return the unknowns as the twin has them."""
        twin = self.twin
        gains = (twin.gains - 1.0) / self.gain_sd if self.gain_sd else np.empty(0)
        return np.concatenate([twin.offsets / twin.spread, [twin.common_rad / COMMON_RAD], gains])

    def take(self, unknowns: Floats) -> None:
        """Give the twin the ``unknowns``."""
        devices = self.twin.network.devices
        self.twin.offsets = self.twin.spread * unknowns[:devices]
        self.twin.common_rad = COMMON_RAD * float(unknowns[devices])
        if self.gain_sd:
            self.twin.gains = 1.0 + self.gain_sd * unknowns[devices + 1 :]

    def at(self, unknowns: Floats) -> _Point:
        """Return the twin, which takes the ``unknowns``, linearised."""
        self.take(unknowns)
        twin = self.twin
        passes = [forward(twin.network, twin.phases(each.driven), each.inputs) for each in self.groups]
        squares = sum(float(np.square(error).sum()) for error in self.residuals(passes))
        return _Point(unknowns, passes, squares + float(unknowns @ unknowns))

    def residuals(self, passes: Sequence[Linearised]) -> list[Floats]:
        """Return what each group has read above the twin, in standard deviations."""
        pairs = zip(self.groups, passes, strict=True)
        return [(each.outputs - at.outputs) / self.reading_sd for each, at in pairs]

    def pulled(self, passes: Sequence[Linearised], errors: Sequence[Floats]) -> Floats:
        """Return the transposed Jacobian of the scaled residuals times ``errors``."""
        twin, devices = self.twin, self.twin.network.devices
        found = np.zeros(self.start().size)
        for each, at, error in zip(self.groups, passes, errors, strict=True):
            slopes = pull_back(twin.network, at, error) / self.reading_sd
            found[:devices] += twin.spread * slopes
            found[devices] += COMMON_RAD * slopes.sum()
            if self.gain_sd:
                found[devices + 1 :] += self.gain_sd * each.driven * slopes[twin.heaters]
        return found

    def pushed(self, passes: Sequence[Linearised], way: Floats) -> list[Floats]:
        """Return the Jacobian of the scaled residuals times ``way`` (m,), by groups."""
        twin, devices = self.twin, self.twin.network.devices
        found = []
        for each, at in zip(self.groups, passes, strict=True):
            steps = twin.spread * way[:devices] + COMMON_RAD * way[devices]
            if self.gain_sd:
                steps[twin.heaters] += self.gain_sd * each.driven * way[devices + 1 :]
            found.append(push_forward(twin.network, at, steps) / self.reading_sd)
        return found


def refit(
    twin: Twin, records: Sequence[Record], reading_sd: float, effort: Effort, gain_sd: float = 0.0
) -> Work:
    """Give ``twin`` the offsets of the greatest posterior probability; return the work that it took.

    ``reading_sd`` is the standard deviation of an output about the twin's, in activation units. With a ``gain_sd``
    the heaters' gains are unknown as well. A step that does not help is shortened, and at last not taken.
    """
    problem = _Problem(twin, records, reading_sd, gain_sd)
    here, work = problem.at(problem.start()), problem.one_pass
    if not here.unknowns.any():
        here = _begun(problem, here)
        work = work.plus(problem.one_pass.times(len(_BEGINNINGS)))
    for _ in range(effort.steps):
        passes = here.passes
        downhill = problem.pulled(passes, problem.residuals(passes)) - here.unknowns

        def curved(way: Floats, passes: list[Linearised] = passes) -> Floats:
            return problem.pulled(passes, problem.pushed(passes, way)) + way

        way, used = conjugate(curved, downhill, effort.products)
        work = work.plus(problem.one_product.times(used + 1))
        for share in _SHARES:
            there = problem.at(here.unknowns + share * way)
            work = work.plus(problem.one_pass)
            if there.cost < here.cost:
                here = there
                break
        else:
            problem.take(here.unknowns)
            break
    return work


def _begun(problem: _Problem, here: _Point) -> _Point:
    """Return ``here``, where nothing is known, or what has less cost with a phase that all devices share.

    A tenth of a radian at every device is far beyond what Gauss-Newton steps find from 0.
    """
    for common in _BEGINNINGS:
        unknowns = np.zeros(here.unknowns.size)
        unknowns[problem.twin.network.devices] = common
        there = problem.at(unknowns)
        here = there if there.cost < here.cost else here
    problem.take(here.unknowns)
    return here


def missed(twin: Twin, records: Sequence[Record]) -> float:
    """Return the root mean square by which ``twin`` misses what was read, in activation units."""
    errors = [twin.read(each.driven, each.inputs) - each.outputs for each in records]
    return float(np.sqrt(np.mean(np.square(np.concatenate(errors)))))


def _grouped(records: Sequence[Record]) -> list[Record]:
    """Return ``records`` with those of the same driven phases joined."""
    found: dict[bytes, list[Record]] = {}
    for record in records:
        found.setdefault(record.driven.tobytes(), []).append(record)
    return [
        Record(
            same[0].driven,
            np.concatenate([each.inputs for each in same]),
            np.concatenate([each.outputs for each in same]),
        )
        for same in found.values()
    ]
