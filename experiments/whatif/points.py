"""What a recorded run would have cost under other parameters: closed re-timings of one trace, a row a point.

No physics is computed: the recorded readings and choices are kept, and what speaks against that stands in each
row's warnings. ``experiments.whatif.view`` shows the rows to people.
"""

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Final

from emulator.config.amounts import Amount, converted, split_amount
from emulator.config.difference import Scalar, differences, leaves, scalar
from emulator.errors import ConfigError
from emulator.retiming.retime import Retimed, retime
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import Trace
from experiments.inspect.inspection import study_title
from experiments.output.fragment import fragment_note
from experiments.output.json import to_json
from experiments.run.elsewhere.traces import refuse_elsewhere
from experiments.run.laboratory import altered_laboratory, closed_by, laboratory, open_recording, study_of
from experiments.run.study import Study

__all__ = ["MAX_POINTS", "Point", "WhatIf", "sweep_values", "whatif"]

MAX_POINTS: Final = 10_000
"""Points of all sweeps together."""

_BETWEEN: Final = re.compile(r",(?![^\[]*\])")
"""A comma between two values, and not one inside a list."""

_MODE: Final = "closed"


@dataclass(frozen=True)
class Point:
    """Hold one re-timing; ``changed`` has what was set, swept, or differs from the recording, in SI units.

    Ratios are to the recording, NaN where that is 0. ``binds`` names the span with the largest share of the time.
    """

    changed: dict[str, Scalar]
    elapsed_s: float
    energy_j: float
    energy_delay_j_s: float
    elapsed_ratio: float
    energy_ratio: float
    energy_delay_ratio: float
    binds: str
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class WhatIf:
    """Hold the recording, ``baseline``, and what it becomes at every point; ``swept`` are the sweeps' paths."""

    mode: str
    trace: str
    digest: str
    title: str
    swept: tuple[str, ...]
    baseline: Point
    points: tuple[Point, ...]

    @property
    def rows(self) -> tuple[Point, ...]:
        """Return the baseline and the points."""
        return (self.baseline, *self.points)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the paths that differ anywhere: the swept ones first."""
        paths = dict.fromkeys((*self.swept, *(path for point in self.points for path in point.changed)))
        return tuple(path for path in paths if any(path in point.changed for point in self.points))

    def to_json(self) -> str:
        """Return everything as one JSON object; a number that is not finite becomes null."""
        head = {"mode": self.mode, "trace": self.trace, "digest": self.digest, "title": self.title}
        return to_json({**head, "swept": self.swept, "rows": self.rows})

    def to_csv(self) -> str:
        """Return the rows as CSV: the changed parameters, then the amounts; warnings are joined by semicolons."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        amounts = [name for name in Point.__dataclass_fields__ if name not in ("changed", "warnings")]
        writer.writerow((*self.parameters, *amounts, "mode", "warnings"))
        for row in self.rows:
            changed = [row.changed.get(path, "") for path in self.parameters]
            values = [getattr(row, name) for name in amounts]
            writer.writerow((*changed, *values, self.mode, "; ".join(row.warnings)))
        return text.getvalue()


def whatif(
    path: Path, settings: Sequence[str] = (), sweeps: Sequence[str] = (), verify: bool = True
) -> WhatIf:
    """Return what the trace at ``path`` would have cost with ``settings`` and at every point of ``sweeps``.

    A setting is ``PATH=VALUE``; a sweep ``PATH=V1,V2,...``, ``PATH=START:STOP:COUNT``, or with ``:log`` behind it,
    evenly spaced in the logarithm. ``verify=False`` trusts the arrays of the trace. Raises ``ConfigError`` for a
    setting that is refused or cannot be re-timed, and ``TraceError`` for a trace that cannot.
    """
    axes = [sweep_values(sweep) for sweep in sweeps]
    count = math.prod(len(axis) for axis in axes)
    if count > MAX_POINTS:
        raise ConfigError(f"--sweep: {count} points; allowed: up to {MAX_POINTS}")
    if not settings and not sweeps:
        raise ConfigError("whatif: nothing is changed; give --set PATH=VALUE or --sweep PATH=V1,V2,...")
    with open_trace(path, verify) as trace:
        refuse_elsewhere(trace, "whatif")
        study = study_of(trace)
        # Everything that can be refused is refused before the first re-timing.
        studies = [study_of(trace, (*settings, *chosen)) for chosen in product(*axes)]
        lab = laboratory(study, trace)
        labs = [altered_laboratory(lab, study, each) for each in studies]
        recording = open_recording(trace, study, verify)
        base = _labelled(retime(recording, lab), trace)
        named = _paths((*settings, *sweeps))
        points = tuple(
            _point(
                _labelled(retime(closed_by(recording, trace, study, each), altered), trace),
                base,
                _changed(study, each, named),
            )
            for each, altered in zip(studies, labs, strict=True)
        )
        return WhatIf(
            _MODE, str(path), trace.digest if verify else "", study_title(trace), _paths(sweeps),
            _point(base, base, {}), points,
        )  # fmt: skip


def _labelled(found: Retimed, trace: Trace) -> Retimed:
    """Return ``found`` with a warning where the trace holds only the beginning of a run."""
    note = fragment_note(trace.status, trace.elapsed_s)
    return replace(found, warnings=(note, *found.warnings)) if note else found


def _paths(overrides: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(override.partition("=")[0].strip() for override in overrides))


def _changed(old: Study, new: Study, named: tuple[str, ...]) -> dict[str, Scalar]:
    """Return the values of ``new`` that were asked for by name, and those that differ from ``old``."""
    before, after = leaves(old), leaves(new)
    differ = {one.key for one in differences((before, after))}
    return {path: scalar(value) for path, value in after.items() if path in named or path in differ}


def _point(found: Retimed, base: Retimed, changed: dict[str, Scalar]) -> Point:
    elapsed_s, energy_j = found.elapsed_s, found.energy_j
    return Point(
        changed,
        elapsed_s,
        energy_j,
        elapsed_s * energy_j,
        _ratio(elapsed_s, base.elapsed_s),
        _ratio(energy_j, base.energy_j),
        _ratio(elapsed_s * energy_j, base.elapsed_s * base.energy_j),
        found.binds,
        found.warnings,
    )


def sweep_values(sweep: str) -> tuple[str, ...]:
    """Return the overrides that ``sweep`` stands for, such as ``"host.overhead_s=5 us"``, or ``ConfigError``."""
    path, equals, text = (part.strip() for part in sweep.partition("="))
    if not (path and equals and text):
        raise ConfigError(
            f"--sweep {sweep[:80]!r} is refused; allowed: PATH=V1,V2,... or PATH=START:STOP:COUNT, with :log for a "
            "logarithmic axis"
        )
    if ":" in text and not text.startswith(("[", '"', "'")):
        values = tuple(_spaced(path, text))
    else:
        values = _listed(path, text)
    if not all(values):
        raise ConfigError(f"--sweep {sweep[:80]!r} is refused: one of its values is empty")
    return tuple(f"{path}={value}" for value in values)


def _listed(path: str, text: str) -> tuple[str, ...]:
    """Return the values between the commas of ``text``; numbers with and without a unit do not mix.

    Otherwise "10,5 us" would be 10 s and 5 us to us, and ten and a half microseconds to whoever wrote it.
    """
    values = tuple(value.strip() for value in _BETWEEN.split(text))
    amounts = [found for found in map(_amount, values) if found is not None]
    if len({bool(found.unit) for found in amounts}) > 1:
        raise ConfigError(
            f"--sweep {path}={text[:60]} is refused: some of its numbers have a unit and others have none; give "
            "one to each, and write decimals with a point"
        )
    return values


def _amount(text: str) -> Amount | None:
    """Return the number and the unit of ``text``, or None where it is something else."""
    try:
        return split_amount(text)
    except ConfigError:
        return None


def _spaced(path: str, text: str) -> Iterator[str]:
    """Yield ``COUNT`` amounts from ``START`` to ``STOP``, both included, in the unit of ``START``.

    ``STOP`` may be in another unit of the same kind; a unit behind ``STOP`` alone stands for both.
    """
    said = f"--sweep {path}={text[:60]} is refused"
    start, stop, count, *rest = (*text.split(":"), "", "")
    first, last = _amount(start), _amount(stop)
    logarithmic = rest[:1] == ["log"]
    known = (
        count.strip().isdecimal() and 2 <= int(count) <= MAX_POINTS and rest in (["", ""], ["log", "", ""])
    )
    if first is None or last is None or not known:
        raise ConfigError(
            f"{said}; allowed: START:STOP:COUNT, with 2 <= COUNT <= {MAX_POINTS}, or START:STOP:COUNT:log, such as "
            "1 us:1 ms:7:log"
        )
    if first.unit and not last.unit:
        raise ConfigError(
            f"{said}: STOP has no unit; write {last.digits} {first.unit}, or the unit that it has"
        )
    unit = first.unit or last.unit
    try:
        begin, end = float(first.digits), float(converted(last.digits, last.unit, unit))
    except ConfigError as error:
        raise ConfigError(f"{said}: {error}") from error
    if not (math.isfinite(begin) and math.isfinite(end)):
        raise ConfigError(f"{said}: START and STOP have to be finite")
    if logarithmic and not (begin > 0 and end > 0):
        raise ConfigError(f"{said}: a logarithmic axis has START and STOP above 0")
    for number in range(int(count)):
        part = number / (int(count) - 1)
        value = begin * (end / begin) ** part if logarithmic else begin + (end - begin) * part
        yield f"{value:.12g} {unit}".strip()


def _ratio(value: float, base: float) -> float:
    return value / base if base else math.nan
