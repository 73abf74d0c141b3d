"""What the metrics of tasks are called, in which unit they are shown, and which way is better; it computes none."""

from collections.abc import Collection
from typing import Final, NamedTuple

__all__ = ["MEASURES", "Measure", "measure_in", "rises"]


class Measure(NamedTuple):
    """Say how people read a metric: words, unit, the factor to it, digits, and whether more is better."""

    name: str
    words: str
    unit: str
    factor: float
    digits: int
    rises: bool

    def text(self, value: float) -> str:
        """Return ``value`` with its unit."""
        return f"{self.factor * value:.{self.digits}f}{f' {self.unit}' if self.unit else ''}"

    @property
    def label(self) -> str:
        """Return the name of an axis."""
        return f"{self.words} ({self.unit})" if self.unit else self.words


MEASURES: Final = (
    Measure("accuracy", "accuracy", "%", 100.0, 1, rises=True),
    Measure("r2", "R²", "", 1.0, 3, rises=True),
    Measure("rmse", "RMSE, in the target's unit", "", 1.0, 4, rises=False),
    Measure("fidelity", "fidelity", "", 1.0, 4, rises=True),
    Measure("relative_error", "relative error", "%", 100.0, 2, rises=False),
)


def measure_in(metrics: Collection[str]) -> Measure:
    """Return the measure that ``metrics``, names of a trace, have of the test part, or accuracy."""
    return next((each for each in MEASURES if f"test_{each.name}" in metrics), MEASURES[0])


def rises(metric: str) -> bool:
    """Tell whether more of ``metric`` is better: of accuracies, R squared and fidelities."""
    return any(each.rises and metric.endswith(each.name) for each in MEASURES)
