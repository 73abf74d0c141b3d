"""Which change pays most: every parameter of time and power halved, doubled and set to zero, one after the other.

Each is a closed re-timing of one recorded run, which is read once. Elasticities are d log y / d log x at the
recorded value; break-even points are where another span has the largest share of the time. It draws nothing.
"""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emulator.config.difference import leaves
from emulator.errors import LightloopError
from emulator.instruments.registry import INSTRUMENTS
from emulator.retiming.lab import Laboratory
from emulator.retiming.parameters import Effect, effect_of
from emulator.retiming.recording import Recording
from emulator.retiming.retime import retime
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import Trace
from experiments.inspect.inspection import study_title
from experiments.output.json import to_json
from experiments.run.elsewhere.traces import refuse_elsewhere
from experiments.run.laboratory import altered_laboratory, closed_by, laboratory, open_recording, study_of
from experiments.run.study import Study

__all__ = ["FACTORS", "BreakEven", "Change", "Cost", "Elasticities", "Parameter", "elasticities"]

FACTORS: Final = (0.5, 2.0, 0.0)
"""What every parameter is multiplied by."""

_STEP: Final = 1.02
"""A parameter is divided and multiplied by this for its elasticity: more than the rounding to picoseconds."""

_REACH: Final = (10**0.5, 10.0, 10**1.5, 100.0, 10**2.5, 1000.0)
"""How far from the recorded value a break-even point is looked for, as factors both ways."""

_TOLERANCE: Final = 1e-3
"""How well a break-even point is known, relative to its value."""

_UNCHANGED: Final = 1e-12
"""Relative difference up to which a cost is the same: energies are sums of rounded numbers."""


@dataclass(frozen=True)
class Cost:
    """Hold what the run costs, and which span has the largest share of its time."""

    time_s: float
    energy_j: float
    binds: str

    @property
    def edp_js(self) -> float:
        """Return time times energy, in J s."""
        return self.time_s * self.energy_j

    def of(self, measure: str) -> float:
        """Return the amount of ``measure``: "time_s", "energy_j" or "edp_js"."""
        return float(getattr(self, measure))


@dataclass(frozen=True)
class Change:
    """Hold one re-timing: the parameter times ``factor``, which is ``value``; or why it is ``refused``."""

    factor: float
    value: float
    cost: Cost | None
    refused: str = ""


@dataclass(frozen=True)
class BreakEven:
    """Say from which ``value`` of a parameter on something else binds; it is known up to the ``tolerance``."""

    value: float
    binds: str
    tolerance: float


@dataclass(frozen=True)
class Parameter:
    """Hold what a parameter does; elasticities are NaN where the value is 0 or nothing could be changed.

    ``physics`` says that it also decides what would be read, which a re-timing keeps.
    """

    path: str
    value: float
    physics: bool
    changes: tuple[Change, ...]
    elasticity_time: float
    elasticity_energy: float
    elasticity_edp: float
    break_even: tuple[BreakEven, ...]

    def change(self, factor: float) -> Cost | None:
        """Return the cost at ``factor`` times the recorded value, None where that is refused."""
        return next((one.cost for one in self.changes if one.factor == factor), None)

    def reach(self, measure: str, base: Cost) -> float:
        """Return by how much halving or doubling changes ``measure`` at most: the size of its logarithm."""
        costs = (self.change(factor) for factor in (0.5, 2.0))
        known = [cost.of(measure) for cost in costs if cost is not None]
        amount = base.of(measure)
        return max((abs(math.log(one / amount)) for one in known if one > 0 and amount > 0), default=0.0)


@dataclass(frozen=True)
class Elasticities:
    """Hold the recorded costs, what every parameter does, and those that do nothing or cannot be changed.

    ``parameters`` are in the order of their reach on energy x delay.
    """

    trace: str
    digest: str
    title: str
    baseline: Cost
    parameters: tuple[Parameter, ...]
    without_effect: tuple[str, ...]
    not_varied: tuple[str, ...]

    def ranked(self, measure: str) -> tuple[Parameter, ...]:
        """Return the parameters that change ``measure``, those with the most reach first."""
        moved = [one for one in self.parameters if _moves(one, measure, self.baseline)]
        return tuple(sorted(moved, key=lambda one: -one.reach(measure, self.baseline)))

    def to_csv(self) -> str:
        """Return a row a parameter and factor as CSV; break-even points are joined by semicolons."""
        text = io.StringIO()
        rows = [self._row(one, change) for one in self.parameters for change in one.changes]
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(rows[0] if rows else ("parameter",))
        for row in rows:
            writer.writerow([_cell(value) for value in row.values()])
        return text.getvalue()

    def to_json(self) -> str:
        """Return everything as one JSON object: a row a parameter and factor; what is not finite is null."""
        head = {"mode": "closed", "trace": self.trace, "digest": self.digest, "title": self.title}
        base = {name: self.baseline.of(name) for name in ("time_s", "energy_j", "edp_js")}
        rows = [self._row(one, change) for one in self.parameters for change in one.changes]
        baseline: dict[str, object] = {**base, "binds": self.baseline.binds}
        return to_json({
            **head,
            "baseline": baseline,
            "rows": rows,
            "without_effect": self.without_effect,
            "not_varied": self.not_varied,
        })  # fmt: skip

    def _row(self, one: Parameter, change: Change) -> dict[str, object]:
        cost, base = change.cost, self.baseline
        costs: dict[str, object] = {}
        for name, ratio in (("time_s", "time_ratio"), ("energy_j", "energy_ratio"), ("edp_js", "edp_ratio")):
            costs[name] = None if cost is None else cost.of(name)
            costs[ratio] = None if cost is None or not base.of(name) else cost.of(name) / base.of(name)
        return {
            "parameter": one.path,
            "recorded": one.value,
            "factor": change.factor,
            "value": change.value,
            **costs,
            "binds": None if cost is None else cost.binds,
            "refused": change.refused,
            "elasticity_time": one.elasticity_time,
            "elasticity_energy": one.elasticity_energy,
            "elasticity_edp": one.elasticity_edp,
            "break_even": one.break_even,
            "physics": one.physics,
        }


def elasticities(path: Path, settings: Sequence[str] = (), verify: bool = True) -> Elasticities:
    """Return what every parameter of time and power does to the costs of the trace at ``path``.

    ``settings`` are made first: what is varied is varied around them. ``verify=False`` trusts the arrays of the
    trace. Raises ``ConfigError`` for a setting that is refused, and ``TraceError`` for a trace that cannot be
    re-timed.
    """
    with open_trace(path, verify) as trace:
        refuse_elsewhere(trace, "whatif")
        around = _Around(trace, tuple(settings), verify)
        known: list[Parameter] = []
        still: list[str] = []
        fixed: list[str] = []
        for name, value in leaves(around.study).items():
            effect = effect_of(name)
            if not effect & (Effect.TIMING | Effect.ENERGY) or name.partition(".")[0] not in around.standing:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float):
                fixed.append(name)
                continue
            found = around.parameter(name, value, bool(effect & Effect.PHYSICS))
            if any(_moves(found, measure, around.base) for measure in ("time_s", "energy_j")):
                known.append(found)
            else:
                (still if any(one.cost for one in found.changes) else fixed).append(name)
        known.sort(key=lambda one: -one.reach("edp_js", around.base))
        return Elasticities(
            str(path), trace.digest if verify else "", study_title(trace), around.base, tuple(known), tuple(still),
            tuple(fixed),
        )  # fmt: skip


class _Around:
    """Re-time a recording with one parameter changed at a time."""

    def __init__(self, trace: Trace, settings: tuple[str, ...], verify: bool) -> None:
        self._trace, self._settings = trace, settings
        self._recorded = study_of(trace)
        self._lab: Laboratory = laboratory(self._recorded, trace)
        self.study: Study = study_of(trace, settings) if settings else self._recorded
        self._recording: Recording = open_recording(trace, self._recorded, verify)
        self.base = self._timed(self.study)
        self.standing = {name for name in self._lab.lab if name in INSTRUMENTS}

    def parameter(self, path: str, value: float, physics: bool) -> Parameter:
        """Return what the parameter at ``path`` does."""
        changes = tuple(
            self._change(path, factor, _times(value, factor)) for factor in (FACTORS if value else ())
        )
        moves = any(one.cost is not None and not _same(one.cost.time_s, self.base.time_s) for one in changes)
        slopes = self._slopes(path, value, changes)
        breaks = self._breaks(path, value) if moves else ()
        return Parameter(path, value, physics, changes, *slopes, breaks)

    def _change(self, path: str, factor: float, value: float) -> Change:
        try:
            return Change(factor, value, self._cost(path, value))
        except LightloopError as error:
            return Change(factor, value, None, str(error))

    def _cost(self, path: str, value: float) -> Cost:
        return self._timed(study_of(self._trace, (*self._settings, f"{path}={value!r}")))

    def _timed(self, study: Study) -> Cost:
        altered = altered_laboratory(self._lab, self._recorded, study)
        found = retime(closed_by(self._recording, self._trace, self._recorded, study), altered)
        return Cost(found.elapsed_s, found.energy_j, found.binds)

    def _slopes(self, path: str, value: float, changes: Sequence[Change]) -> tuple[float, float, float]:
        """Return the elasticities of time, energy and their product; whole numbers are halved and doubled."""
        if value == 0:
            return math.nan, math.nan, math.nan
        if isinstance(value, int):
            pair = [one for one in changes if one.factor in (0.5, 2.0)]
        else:
            pair = [self._change(path, step, value * step) for step in (1 / _STEP, _STEP)]
        points = [(one.value, one.cost) for one in pair if one.cost is not None]
        points = points if len(points) == 2 else [*points, (value, self.base)]  # one side is out of range
        if len(points) < 2 or points[0][0] == points[1][0] or min(points[0][0], points[1][0]) <= 0:
            return math.nan, math.nan, math.nan
        (x, low), (y, high) = points
        run = math.log(y / x)
        time, energy = (_slope(low.of(name), high.of(name), run) for name in ("time_s", "energy_j"))
        return time, energy, time + energy

    def _breaks(self, path: str, value: float) -> tuple[BreakEven, ...]:
        """Return where something else begins to bind, below and above the recorded value, the nearest of each."""
        found = []
        for up in (False, True):
            inside = value
            for factor in _REACH:
                outside = _times(value, factor if up else 1 / factor)
                cost = self._change(path, factor, outside).cost
                if cost is None:
                    break
                if cost.binds != self.base.binds:
                    found.append(self._between(path, inside, outside, cost.binds))
                    break
                inside = outside
        return tuple(found)

    def _between(self, path: str, inside: float, outside: float, binds: str) -> BreakEven:
        """Return the edge between ``inside``, where the recorded span binds, and ``outside``, by bisection."""
        whole = isinstance(inside, int) and isinstance(outside, int)
        while abs(outside - inside) > (1 if whole else _TOLERANCE * abs(outside)):
            middle = (inside + outside) // 2 if whole else math.sqrt(inside * outside)
            cost = self._cost(path, middle)
            if cost.binds == self.base.binds:
                inside = middle
            else:
                outside, binds = middle, cost.binds
        return BreakEven(outside, binds, abs(outside - inside))


def _cell(value: object) -> object:
    if isinstance(value, tuple):
        return "; ".join(f"{point.value:g}: {point.binds}" for point in value)
    return "" if isinstance(value, float) and math.isnan(value) else value


def _times(value: float, factor: float) -> float:
    """Return ``value`` times ``factor``, a whole number where ``value`` is one."""
    return round(value * factor) if isinstance(value, int) else value * factor


def _slope(low: float, high: float, run: float) -> float:
    if low <= 0 or high <= 0:
        return math.nan
    return 0.0 if _same(low, high) else math.log(high / low) / run


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= _UNCHANGED * max(abs(one), abs(other))


def _moves(found: Parameter, measure: str, base: Cost) -> bool:
    """Tell whether any change of the parameter moves ``measure``."""
    costs = [one.cost for one in found.changes if one.cost is not None]
    return any(not _same(cost.of(measure), base.of(measure)) for cost in costs)
