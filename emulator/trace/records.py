"""The tables of a trace as a reader hands them out: an array a column; what the columns are is in ``schema``."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Batches",
    "Commands",
    "Draws",
    "Frames",
    "Joins",
    "Metrics",
    "Patterns",
    "Plans",
    "Power",
    "Samples",
    "Setpoints",
    "Spans",
    "Totals",
    "Work",
]


@dataclass(frozen=True, eq=False)
class Commands:
    """One row a command, in the order of the replies; ``cause``: the row whose reply led to it, or ``NO_COMMAND``.

    ``t_done`` is when the reply was there: after the host's thought, where the command's plan ends with one.
    """

    agent: NDArray[np.uint8]
    instrument: NDArray[np.uint8]
    kind: NDArray[np.uint8]
    plan: NDArray[np.uint16]
    cause: NDArray[np.int64]
    t_issued: NDArray[np.int64]
    t_started: NDArray[np.int64]
    t_done: NDArray[np.int64]
    target: NDArray[np.int32]
    value: NDArray[np.float64]
    result: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Plans:
    """One row a step: the steps of a plan follow each other; one of them may last the ``REMAINDER``."""

    plan: NDArray[np.uint16]
    resource: NDArray[np.uint8]
    activity: NDArray[np.uint8]
    duration_ps: NDArray[np.int64]
    held: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Spans:
    """One row an activity of a resource, from ``t_start`` to ``t_end`` (ps), on behalf of ``command``."""

    resource: NDArray[np.uint8]
    activity: NDArray[np.uint8]
    t_start: NDArray[np.int64]
    t_end: NDArray[np.int64]
    command: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Power:
    """One row a change: from ``t`` (ps) on, ``component`` draws ``watts``."""

    component: NDArray[np.uint8]
    t: NDArray[np.int64]
    watts: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Metrics:
    """One row a logged number, with the queries spent by then."""

    name: NDArray[np.uint16]
    t: NDArray[np.int64]
    queries: NDArray[np.int64]
    value: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Batches:
    """One row a mini-batch: its samples are rows ``first`` to ``first + count`` of ``Samples``.

    ``command`` is the row of the first command that read it.
    """

    key: NDArray[np.int64]
    first: NDArray[np.int64]
    count: NDArray[np.int32]
    command: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Samples:
    """One row a sample of a mini-batch: its index in the data set."""

    index: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Setpoints:
    """One row a heater that a command with ``target`` -1 set."""

    command: NDArray[np.int64]
    heater: NDArray[np.int32]
    phase_rad: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Work:
    """One row a quantity: commands of ``plan`` ask for so much of it, whatever it costs in time."""

    plan: NDArray[np.uint16]
    quantity: NDArray[np.uint8]
    value: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Joins:
    """One row a further reply, besides its ``cause``, that ``command`` waited for."""

    command: NDArray[np.int64]
    cause: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Frames:
    """One row a projection command; ``sent`` = ``used`` + ``dropped`` + ``late``, and ``torn`` are dropped ones."""

    command: NDArray[np.int64]
    vectors: NDArray[np.int32]
    skipped: NDArray[np.int32]
    sent: NDArray[np.int32]
    used: NDArray[np.int32]
    dropped: NDArray[np.int32]
    late: NDArray[np.int32]
    torn: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Patterns:
    """One row a non-zero entry of a projected vector; kept at detail "full" only."""

    command: NDArray[np.int64]
    vector: NDArray[np.int32]
    input: NDArray[np.int32]
    value: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Draws:
    """One row a step of a plan that draws: ``component`` draws ``watts`` more while ``step`` (from 0) lasts."""

    plan: NDArray[np.uint16]
    step: NDArray[np.uint8]
    component: NDArray[np.uint8]
    watts: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Totals:
    """One row a sum over the run: ``total`` says of what ("energy_j", "busy_s"), ``part`` of whom."""

    total: NDArray[np.uint8]
    part: NDArray[np.uint8]
    value: NDArray[np.float64]
