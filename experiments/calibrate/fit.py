"""Non-negative least squares of relative errors, and which parameters the measured rows can tell apart.

Latencies of one type of command share a row of the design, so only their number and their mean matter to the fit.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from experiments.calibrate.measured import Measured
from experiments.calibrate.model import LatencyModel, Parameter

__all__ = ["Problem", "confounded", "fit"]

Floats = NDArray[np.float64]

_ROUNDS: Final = 6  # of weighing anew; weights change by the error of a prediction, and soon not at all
_HUBER: Final = 1.345  # standard deviations: 95 % of the precision of least squares where errors are normal
_TO_DEVIATION: Final = (
    1.4826  # from the median absolute error to the standard deviation of a normal distribution
)
_EXACT: Final = 1e-9  # relative error that is none
_LEAST: Final = 0.1  # of a measured latency: a prediction of next to nothing would outweigh all others
_RANK: Final = 1e-6  # of the largest singular value: below, a combination is not measured
_PULL: Final = (
    1e-7  # towards the recorded values, of the largest singular value: decides where nothing else does
)


@dataclass(frozen=True, eq=False)
class Problem:
    """``design @ seconds + rest_s`` for each type of command, with the parameters that may change."""

    parameters: tuple[Parameter, ...]
    design: Floats
    rest_s: Floats

    @classmethod
    def of(cls, model: LatencyModel, free: NDArray[np.bool_]) -> "Problem":
        """Return the problem of ``model`` in which only the ``free`` parameters (parameters,) may change."""
        held_s = model.design[:, ~free] @ model.seconds[~free]
        parameters = tuple(p for p, may in zip(model.parameters, free.tolist(), strict=True) if may)
        return cls(parameters, model.design[:, free], model.rest_s + held_s)

    @property
    def start_s(self) -> Floats:
        """Return the times that the recorded values stand for, (parameters,)."""
        return np.array([parameter.seconds for parameter in self.parameters])

    def predict(self, seconds: Floats, measured: Measured) -> Floats:
        """Return the latency of each of ``measured`` when the parameters stand for ``seconds``."""
        return np.asarray((self.design @ seconds + self.rest_s)[measured.type_of])

    def seen(self, measured: Measured) -> NDArray[np.bool_]:
        """Tell which parameters at least one of ``measured`` depends on, (parameters,)."""
        return np.asarray((self.design[np.unique(measured.type_of)] > 0).any(axis=0))


@dataclass(frozen=True, eq=False)
class _Rows:
    """One row a measured type; columns are in units of ``scale_s``."""

    matrix: Floats
    target: Floats
    scale_s: Floats

    @classmethod
    def of(
        cls, problem: Problem, measured: Measured, seconds: Floats, trust: Floats | None = None
    ) -> "_Rows":
        """Weigh the rows so that squares add up to squared relative errors, judged by what ``seconds`` predict.

        ``trust`` (n,) counts each latency so many times; None is once.
        """
        types = len(problem.design)
        trust = np.ones(len(measured.latency_s)) if trust is None else trust
        count = np.bincount(measured.type_of, weights=trust, minlength=types)
        mine = count > 0
        sums_s = np.bincount(measured.type_of, weights=trust * measured.latency_s, minlength=types)[mine]
        mean_s, predicted_s = sums_s / count[mine], (problem.design @ seconds + problem.rest_s)[mine]
        weight = np.sqrt(count[mine]) / np.maximum(predicted_s, _LEAST * mean_s)
        start_s = problem.start_s
        scale_s = np.where(start_s > 0, start_s, mean_s.mean())
        matrix = weight[:, None] * problem.design[mine] * scale_s
        return cls(matrix, weight * (mean_s - problem.rest_s[mine]), scale_s)


def fit(problem: Problem, measured: Measured) -> Floats:
    """Return the times of the parameters, (parameters,), of least relative error, none below zero.

    Errors count squared while they are small and linearly beyond 1.345 robust standard deviations (P. J. Huber,
    Ann. Math. Statist. 35, 73, 1964), so that a latency that is off does not move the others. What ``measured``
    does not determine stays as near as possible, relatively, to what was recorded.
    """
    seconds = problem.start_s
    trust: Floats | None = None
    for _ in range(_ROUNDS):
        rows = _Rows.of(problem, measured, seconds, trust)
        pull = _PULL * float(np.linalg.norm(rows.matrix, 2)) * np.eye(len(seconds))
        matrix = np.vstack((rows.matrix, pull))
        target = np.concatenate((rows.target, pull @ (problem.start_s / rows.scale_s)))
        seconds = nnls(matrix, target)[0] * rows.scale_s
        trust = _trust(problem.predict(seconds, measured), measured.latency_s)
    return seconds


def _trust(predicted_s: Floats, latency_s: Floats) -> Floats:
    """Return how much each latency (n,) counts, (0, 1], by how far it is from what is predicted."""
    error = np.abs(latency_s - predicted_s) / np.maximum(predicted_s, _LEAST * latency_s)
    small = _HUBER * max(_TO_DEVIATION * float(np.median(error)), _EXACT)
    return np.asarray(small / np.maximum(error, small))


def confounded(problem: Problem, measured: Measured) -> list[tuple[list[int], int]]:
    """Return groups of parameters that only appear together, each with how many combinations are measured.

    Two parameters are in one group when a change of one can hide a change of the other: when the null space of the
    measured rows couples them. A parameter that no row depends on is in no group.
    """
    rows = _Rows.of(problem, measured, problem.start_s)
    seen = problem.seen(measured)
    _, sizes, directions = np.linalg.svd(rows.matrix[:, seen], full_matrices=True)
    rank = int((sizes > _RANK * sizes.max(initial=0.0)).sum())
    hidden = directions[rank:]
    coupled = np.abs(hidden.T @ hidden) > _RANK
    numbers = np.flatnonzero(seen)
    groups = []
    left = set(np.flatnonzero(np.diag(coupled)).tolist())
    while left:
        group, fresh = set[int](), {min(left)}
        while fresh:
            group |= fresh
            fresh = {other for at in fresh for other in np.flatnonzero(coupled[at]).tolist()} - group
        left -= group
        members = sorted(group)
        lost = int(np.linalg.matrix_rank(hidden[:, members], tol=_RANK))
        groups.append(([int(numbers[at]) for at in members], len(members) - lost))
    return groups
