"""Judges of values and of matrices: squared error, R squared, error in the user's unit, fidelity; NOT classes."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from controllers import losses
from data.sets import FloatArray
from experiments.tasks.judges import Targets

if TYPE_CHECKING:
    import torch

__all__ = ["R_SQUARED", "SQUARED_ERROR", "Fidelity", "RSquared", "RelativeError", "Rmse", "SquaredError"]


class SquaredError:
    """Mean over samples and outputs of the squared difference from the values."""

    def of_arrays(self, outputs: FloatArray, targets: Targets) -> float:
        """Return it by the kernel that controllers use."""
        return float(losses.mean_squared_error(np.ascontiguousarray(outputs), np.ascontiguousarray(targets)))

    def of_tensors(self, outputs: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
        """Return it in torch."""
        from torch.nn.functional import mse_loss

        return mse_loss(outputs, targets)


class RSquared:
    """1 - squared error / variance of the values, mean over outputs: 1 is exact, 0 no better than their mean."""

    name = "r2"

    def of_arrays(self, outputs: NDArray[np.floating], targets: Targets) -> float:
        """Return it; an output whose values are all the same counts as 0."""
        wrong = ((outputs - targets) ** 2).sum(axis=0)
        spread = ((targets - targets.mean(axis=0)) ** 2).sum(axis=0)
        return float(np.where(spread > 0, 1.0 - wrong / np.where(spread > 0, spread, 1.0), 0.0).mean())

    def of_values_times(self, factor: float) -> "RSquared":
        """Return itself: it is a ratio."""
        del factor
        return self

    def text(self, value: float) -> str:
        """Return ``value`` with three digits."""
        return f"R2 {value:.3f}"


@dataclass(frozen=True)
class Rmse:
    """Root of the mean squared error, in the unit of the file; ``units`` (outputs,) is one of ours in theirs."""

    units: tuple[float, ...]
    name: str = "rmse"

    def of_arrays(self, outputs: NDArray[np.floating], targets: Targets) -> float:
        """Return the error over all samples and outputs."""
        return math.sqrt(float((((outputs - targets) * np.array(self.units)) ** 2).mean()))

    def of_values_times(self, factor: float) -> "Rmse":
        """Return the error in the same unit of outputs that are ``factor`` times as large."""
        return Rmse(tuple(unit / factor for unit in self.units))

    def text(self, value: float) -> str:
        """Return ``value`` with four digits."""
        return f"RMSE {value:.4g}"


class Fidelity:
    """|tr(U^T M)| / (|U| |M|) of an orthogonal U (n, n) and what the chip does, M, by Frobenius norms; 1 is exact.

    For an orthogonal M it is |tr(U^T M)| / n. A common factor of M does not count. Outputs and targets are the
    columns of M and U, one a sample: what the unit vectors become.
    """

    name = "fidelity"

    def of_arrays(self, outputs: NDArray[np.floating], targets: Targets) -> float:
        """Return the fidelity of the matrix whose columns are ``outputs`` (n, n)."""
        norms = float(np.linalg.norm(outputs)) * float(np.linalg.norm(targets))
        return float(abs((outputs * targets).sum())) / norms if norms else 0.0

    def of_values_times(self, factor: float) -> "Fidelity":
        """Return itself: it is a ratio."""
        del factor
        return self

    def text(self, value: float) -> str:
        """Return ``value`` with four digits."""
        return f"fidelity {value:.4f}"


class RelativeError:
    """Frobenius norm of the difference over that of the matrix: 0 is exact."""

    name = "relative_error"

    def of_arrays(self, outputs: NDArray[np.floating], targets: Targets) -> float:
        """Return the error of the matrix whose columns are ``outputs`` (inputs, outputs)."""
        return float(np.linalg.norm(outputs - targets) / np.linalg.norm(targets))

    def of_values_times(self, factor: float) -> "RelativeError":
        """Return itself: it is a ratio."""
        del factor
        return self

    def text(self, value: float) -> str:
        """Return ``value`` in percent."""
        return f"relative error {100 * value:.2f} %"


SQUARED_ERROR = SquaredError()
R_SQUARED = RSquared()
