"""The vocabulary: what a controller may ask of the bench, and what it is told in reply.

A controller is a plain generator: it yields commands and is sent replies. The same frozen dataclasses are
served by the instruments, stored by the recorder and re-issued by a replay; none of them knows SimPy or a file.
Replies are named tuples, because three are made in every query.

The chip serves SetPhases, Settle and Forward, Probe, which is the three in one, Sequence, which is many probes
for its own sequencer, and Monitor where it has monitors; the optical processing unit serves Project, and
ProjectFrames where nobody looks at the light; the GPU serves Kernel, the host Compute; the bench itself answers
the others.
"""

from collections import abc
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Batch", "Command", "Compute", "Computed", "Controller", "Descent", "Disturb", "Forward", "FrameCounts",
    "Incumbent", "Join", "Keep", "Kernel", "Log", "Monitor", "Monitored", "PhasesSet", "Probe", "Project",
    "ProjectFrames", "Projection", "Reading", "Readings", "Reply", "Sequence", "Served", "SetPhases",
    "Settle", "Settled", "Spending", "Spent", "Start", "Ticket", "Wait",
]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Hold input vectors that are sent through the chip together.

    ``key`` names the batch in the trace; inputs other than those before are brought to the chip anew, whatever
    their key, also where the same array was filled again. ``inputs`` has shape (samples, modes), activation units,
    float64. ``labels`` has shape (samples,), int64, or, where values are learnt, (samples, outputs), float64; only
    a sequencer that decides looks at them. ``samples`` are the rows of the task's training set, where the batch
    comes from one.
    """

    key: int
    inputs: NDArray[np.float64]
    labels: NDArray[Any]
    samples: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, dtype=np.int32))


@dataclass(frozen=True, slots=True)
class SetPhases:
    """Ask the chip to drive ``heaters`` (indices of active devices) to the phases ``radians``."""

    heaters: abc.Sequence[int]
    radians: abc.Sequence[float]


@dataclass(frozen=True, slots=True)
class Settle:
    """Ask the chip to wait for ``duration_ps``, or for its configured settling time when that is None."""

    duration_ps: int | None = None


@dataclass(frozen=True, slots=True)
class Forward:
    """Ask the chip to send ``batch`` through all layers once: this is one query."""

    batch: Batch


class Probe(NamedTuple):
    """Ask the chip to drive ``heaters`` to ``radians``, to settle, and to send ``batch`` through: one query.

    The bench serves it as SetPhases, Settle and Forward one behind the other, in one round of link and host. A
    named tuple, because one is made in every query.
    """

    heaters: abc.Sequence[int]
    radians: abc.Sequence[float]
    batch: Batch


class Descent(NamedTuple):
    """Say how the chip's sequencer decides upon each probe of a Sequence, one heater after the other.

    The loss of a probe, mean cross-entropy against the batch's labels or mean squared error from its values,
    is compared with that of the phases before. Where it is lower, the probe's phase stays. Where not, ``rule``
    "step_back" (Algorithm 1 of SZO-SCD) goes to ``back`` (n,) and takes the loss found there; "three_point" takes
    it only if it is lower, and else returns to ``home`` (n,). "best_of_both" reads at ``back`` whatever it has
    found, and stays at the better of the two. Where ``keep_home`` (n,) is True, nobody goes back: a probe that is
    not lower returns home at once. The first loss is that of a reading before the first probe. At most ``queries``
    readings are made.
    """

    rule: Literal["step_back", "three_point", "best_of_both"]
    back: NDArray[np.float64]
    home: NDArray[np.float64]
    keep_home: NDArray[np.bool_]
    queries: int


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """Ask the chip's sequencer for n probes of ``batch`` without a link or a host between them.

    ``heaters`` and ``radians`` have shape (n, k): every probe drives k heaters, settles and reads. With a
    ``decide``, k is 1, the sequencer reads once before the first probe, and decides after each where its heater
    stays. Every probe counts as a query.
    """

    heaters: NDArray[np.int64]
    radians: NDArray[np.float64]
    batch: Batch
    decide: Descent | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Monitor:
    """Ask the chip to pass light through all layers and to read the monitors at its heaters: one query.

    ``light`` says what passes. "forward": ``batch`` from the inputs, as Forward sends it. "adjoint": ``errors``
    (samples, outputs), float32, the derivatives of a loss by the outputs, backwards from the outputs; between two
    layers they stop where the activation of the forward pass was clipped. "both": what these two have sent, once
    more and at once, the errors a quarter wave behind. The latter two go with the "forward" pass of the same
    ``batch`` before them.
    """

    light: Literal["forward", "adjoint", "both"]
    batch: Batch
    errors: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Project:
    """Ask the optical processing unit to project ``vectors`` (n, features), float32, finite, in one go.

    What values a vector may have depends on the encoding: 0 and 1, or -1, 0 and 1, or any number. ``draw`` is
    the number of the first vector's noise; None counts on from the command before.
    """

    vectors: NDArray[np.float32]
    draw: int | None = None


@dataclass(frozen=True, slots=True)
class ProjectFrames:
    """Ask the optical processing unit for the frames of ``vectors`` projections, ``dark`` of them zero everywhere.

    They take what those of a Project of as many vectors take, and nobody asks what light would show: this is for
    sizes that no computer could project.
    """

    vectors: int
    dark: int = 0


@dataclass(frozen=True, slots=True)
class Kernel:
    """Ask the GPU for ``flops`` operations on ``bytes`` bytes of its memory, in ``launches`` kernels.

    ``half`` says that the operations are of half precision. ``summed`` and ``made`` are inputs and outputs of a
    product with one vector, which has a pace of its own, and 0 of any other. ``moved`` bytes pass between host and
    GPU; ``weights`` bytes of them do so only where the model is offloaded to the host. ``reduced`` bytes pass
    between GPUs. ``devices`` GPUs do the same at once. ``activity`` says in the trace what it is for.
    """

    activity: str
    flops: int = 0
    bytes: int = 0
    launches: int = 1
    half: bool = False
    summed: int = 0
    made: int = 0
    moved: int = 0
    weights: int = 0
    reduced: int = 0
    devices: int = 1


@dataclass(frozen=True, slots=True)
class Compute:
    """Ask the host for ``flops`` floating-point operations that touch ``bytes`` bytes of memory.

    ``activity`` says in the trace what they are for. The numbers themselves are the agent's own affair: it
    computes them when it likes, and pays for them here.
    """

    flops: int
    bytes: int
    activity: str = "compute"


@dataclass(frozen=True, slots=True)
class Disturb:
    """Change hidden state that an instrument declares, such as "chip.dead", at once and at no cost.

    ``index`` says of which part, where the state has parts; ``value`` is what it becomes. A command under way is
    finished first, as if nothing had happened. No controller may use it: it is for agents that play the world.
    """

    target: str
    value: float
    index: int = -1


@dataclass(frozen=True, slots=True)
class Wait:
    """Ask the bench to reply at the emulated time ``until_ps``, or at once when that has passed."""

    until_ps: int


@dataclass(frozen=True, slots=True)
class Log:
    """Ask the bench to record ``value`` under ``name`` at the present emulated time; it takes no time."""

    name: str
    value: float


@dataclass(frozen=True, slots=True, eq=False)
class Keep:
    """Ask the bench to keep ``values`` in the trace's states under ``name``; a later Keep replaces it."""

    name: str
    values: NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Incumbent:
    """Tell the bench at which phases a search would end if it ended now.

    It takes no time, and is a row of the trace. From then on whoever watches the chip judges it at ``radians``
    (n,), settled, and not at what happens to be driven: a candidate is no result. A later Incumbent replaces it
    whole. ``heaters`` (n,) are indices of active devices, None all of them in ascending order; a heater that is
    not named counts as it is driven. Of an agent that names none, what is driven is judged. Refused with
    ``CommandError``: what the chip could not be driven to, and where no instrument has anything to name.
    """

    radians: abc.Sequence[float] | NDArray[np.float64]
    heaters: abc.Sequence[int] | NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class Spending:
    """Ask the bench what the run has spent, and what its budgets leave; it takes no time and leaves no row."""


@dataclass(frozen=True, slots=True)
class Start:
    """Ask the bench to begin ``command`` and to reply at once with a ticket."""

    command: "Served"


@dataclass(frozen=True, slots=True)
class Ticket:
    """Name a command that has been started; yield ``Join(ticket)`` for its reply."""

    number: int


@dataclass(frozen=True, slots=True)
class Join:
    """Ask the bench to wait for the command behind ``ticket`` and to reply with that command's reply."""

    ticket: Ticket


class Spent(NamedTuple):
    """Tell what the run has spent and what is left of its budgets; None is left where there is no budget.

    ``energy_j`` and ``power_w`` are of the components that ``budget.components`` names, or of all: the energy until
    now, and the levels that they draw now, without what a command under way draws above them. A limit of power
    leaves ``power_left_w``; what is left is never below 0.
    """

    time_ps: int
    queries: int
    commands: int
    energy_j: float
    power_w: float
    time_left_ps: int | None
    queries_left: int | None
    commands_left: int | None
    energy_left_j: float | None
    power_left_w: float | None


class PhasesSet(NamedTuple):
    """Tell what the heaters draw, in watts, now that the phases are set."""

    power_w: float


class Settled(NamedTuple):
    """Tell how long the chip has waited, in picoseconds."""

    duration_ps: int


class Reading(NamedTuple):
    """Return what the receivers read: ``outputs`` (samples, classes) in activation units, not to be written to.

    ``saturated`` counts the conversions, over all layers, that hit the end of the ADC's range; ``power_w`` is what
    the heaters draw meanwhile. ``reference`` is the laser's power over what it was when the chip was built, as the
    photodiode of a reference arm tells it: the outputs of every layer follow it in proportion.
    """

    outputs: NDArray[np.float64]
    saturated: int
    power_w: float = 0.0
    reference: float = 1.0


class Readings(NamedTuple):
    """Return what a Sequence found: ``outputs`` (n, samples, classes) of its probes, or none where it decided.

    Where it decided, ``radians`` (visited,) are the phases in which the heaters were left, in their order, and
    ``loss`` is that of the phases at the end; ``accepted`` visits found a lower loss by a comparison, ``tied``
    comparisons were of equal losses, ``pruned`` probes returned home at once. ``readings`` were made, and the
    heaters draw ``power_w`` now.
    """

    outputs: NDArray[np.float64]
    radians: NDArray[np.float64]
    loss: float
    readings: int
    accepted: int
    tied: int
    pruned: int
    power_w: float


class Monitored(NamedTuple):
    """Return what the monitors at the active heaters read: ``intensities`` (heaters,), in their ascending order.

    They are means over the mini-batch, in squared activation units, not to be written to. ``outputs`` (samples,
    classes) are those of a "forward" pass, else there are none. ``worth`` (heaters,) is told by "both": what a unit
    of intensity means there, so that worth times (both - forward - adjoint) is the sum over the samples of the
    errors times the derivatives of the outputs by each phase, per radian; of the other passes it is 0.
    ``saturated`` counts the conversions, of receivers and monitors, that hit the end of their range.
    """

    intensities: NDArray[np.float64]
    outputs: NDArray[np.float64]
    worth: NDArray[np.float64]
    saturated: int
    power_w: float


class FrameCounts(NamedTuple):
    """Count what became of a projection's vectors and frames: sent = used + dropped + late.

    ``skipped`` vectors sent no frame; ``torn`` frames are among the dropped ones.
    """

    vectors: int
    skipped: int
    sent: int
    used: int
    dropped: int
    late: int
    torn: int


class Projection(NamedTuple):
    """Return what the optical processing unit found: ``outputs`` (n, outputs), float32, not to be written to.

    They are in units of the medium's matrix times the vector; ``valid`` (n,) is False where a frame was lost for
    good, and the outputs there are 0. ``saturated`` counts the pixels at the end of the camera's range.
    """

    outputs: NDArray[Any]
    valid: NDArray[np.bool_]
    frames: FrameCounts
    saturated: int


class Computed(NamedTuple):
    """Tell how long the host or the GPU has computed, in picoseconds."""

    duration_ps: int


Served = (
    SetPhases | Settle | Forward | Probe | Sequence | Monitor | Project | ProjectFrames | Kernel | Compute
)
"""What an instrument serves, and Start can begin."""

Command = Served | Disturb | Wait | Log | Keep | Incumbent | Spending | Start | Join
_Told = PhasesSet | Settled | Reading | Readings | Monitored | Projection | FrameCounts
Reply = _Told | Computed | Spent | Ticket | None
Controller = abc.Generator[Command, Any, None]
