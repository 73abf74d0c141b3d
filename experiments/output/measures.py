"""What the metrics of tasks are called, in which unit they are shown, and which way is better; it computes none."""

import math
from collections.abc import Collection
from typing import Final, NamedTuple

from experiments.output.statistics import Interval

__all__ = ["MEASURES", "Measure", "measure_in", "rises"]


class Measure(NamedTuple):
    """Say how people read a metric: words, unit, factor, digits, whether more is better, and its range."""

    name: str
    words: str
    unit: str
    factor: float
    digits: int
    rises: bool
    least: float = 0.0
    most: float = math.inf

    def number(self, value: float) -> str:
        """Return ``value`` in its unit, which is not said."""
        return f"{self.factor * value:.{self.digits}f}"

    def text(self, value: float) -> str:
        """Return ``value`` with its unit."""
        return f"{self.number(value)}{f' {self.unit}' if self.unit else ''}"

    def ends(self, found: Interval | None) -> str:
        """Return ``found`` as it stands behind a number, " [83.8, 94.9]", or nothing where it is None."""
        return "" if found is None else f" [{self.number(found.low)}, {self.number(found.high)}]"

    @property
    def short(self) -> str:
        """Return the words without what explains them."""
        return self.words.partition(",")[0]

    @property
    def label(self) -> str:
        """Return the name of an axis."""
        return f"{self.words} ({self.unit})" if self.unit else self.words

    @property
    def heading(self) -> str:
        """Return the name of an axis as a heading begins."""
        return self.label[:1].upper() + self.label[1:]

    @property
    def is_share(self) -> bool:
        """Tell whether it is a share of samples, which has Wilson's interval."""
        return self.name == "accuracy"


MEASURES: Final = (
    Measure("accuracy", "accuracy", "%", 100.0, 1, rises=True, most=1.0),
    Measure("r2", "R²", "", 1.0, 3, rises=True, least=-math.inf, most=1.0),
    Measure("rmse", "RMSE, in the target's unit", "", 1.0, 4, rises=False),
    Measure("rmse_k", "area-weighted RMSE", "K", 1.0, 3, rises=False),
    Measure("v_error", "squared error of v", "", 1.0, 4, rises=False),
    Measure("fidelity", "fidelity", "", 1.0, 4, rises=True, most=1.0),
    Measure("relative_error", "relative error", "%", 100.0, 2, rises=False),
    Measure("bits_per_character", "cross-entropy", "bits/character", 1.0, 3, rises=False),
)


def measure_in(metrics: Collection[str]) -> Measure:
    """Return the measure that ``metrics``, names of a trace, have of the test part, or accuracy."""
    return next((each for each in MEASURES if f"test_{each.name}" in metrics), MEASURES[0])


def rises(metric: str) -> bool:
    """Tell whether more of ``metric`` is better: of accuracies, R squared and fidelities."""
    return any(each.rises and metric.endswith(each.name) for each in MEASURES)
