"""The sequencer beside the chip: it carries out a Sequence in one go, and says what each row of it took.

Real laboratories close such a loop in programmable logic next to the converters. It holds settings and labels,
steps the DACs, waits, reads, computes the loss and decides; link and host are passed at its beginning and its end.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.commands import Readings, Sequence
from emulator.errors import CommandError, nearest
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.chip.state import ChipCore, Sequenced, Visits
from emulator.instruments.chip.timing import KINDS, LIGHT, chip_plan
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Note, Rows, Service
from emulator.physics.chip.kernels.sequence import HOMING, RULES, Pace
from emulator.plan import Plan
from emulator.units import LAST_PS, PS_PER_S, beyond_time, ps_to_s

__all__ = ["Performed", "Sequencer"]

_SET, _SETTLE, _READ, _PROBE = range(len(KINDS))
_ROUNDING_PS: Final = 4096  # more than a sum of instants in doubles is wrong by, at the end of time
_FIRST, _LAST, _ONLY = len(KINDS), len(KINDS) + 1, 2 * len(KINDS) + 1
"""Slots of a programme's services: those of middle rows by kind, the first row's, those of last rows by kind, and
that of a row which is first and last."""


class Performed(NamedTuple):
    """Hold what a Sequence found, its rows in terms of the trace, and when the chip had its last event."""

    readings: Readings
    rows: Rows
    last_ps: int


class _Programme(NamedTuple):
    """Hold what Sequences of one shape take: services by slot, and when each replies, is over, sets and reads."""

    services: tuple[Service, ...]
    reply_ps: NDArray[np.int64]
    held_ps: NDArray[np.int64]
    set_ps: NDArray[np.int64]
    light_ps: NDArray[np.int64]

    @classmethod
    def of(cls, plan: Callable[[str, Mapping[str, int]], Plan], shape: "_Shape") -> "_Programme":
        """Return the programme of Sequences of this ``shape``, which ``plan`` prices."""
        opening = KINDS[_READ if shape.decides else _PROBE]
        rows = [
            *((kind, False, False) for kind in KINDS),
            (opening, True, False),
            *((kind, False, True) for kind in KINDS),
            (opening, True, True),
        ]
        services = tuple(Service.of(plan(kind, shape.work(first, last))) for kind, first, last in rows)
        instants = np.array([_instants(service) for service in services], dtype=np.int64)
        return cls(services, *np.ascontiguousarray(instants.T))

    def pace(self, idle_ps: int, decides: bool) -> Pace:
        """Return what passes between events; the chip's last one lies ``idle_ps`` before the start."""
        held, sets, lights = self.held_ps.tolist(), self.set_ps.tolist(), self.light_ps.tolist()
        after_light = held[_PROBE] - lights[_PROBE]
        return Pace(
            first_ps=idle_ps + (lights[_FIRST] if decides else sets[_FIRST]),
            set_ps=after_light + sets[_PROBE],
            light_ps=lights[_PROBE] - sets[_PROBE],
            home_ps=after_light + sets[_SET],
            after_home_ps=held[_SETTLE] + sets[_PROBE],
        )


class _Shape(NamedTuple):
    """Say what decides about times: samples, heaters a probe, visits, whether a batch is brought, who decides."""

    samples: int
    width: int
    visits: int
    brings: bool
    decides: bool
    modes: int
    classes: int
    layers: int

    def work(self, first: bool, last: bool) -> dict[str, int]:
        """Return what a row asks for; rows in the middle do not know how many there are."""
        return {
            "sequencer": 1,
            "first": int(first),
            "last": int(last),
            "visits": self.visits if first or last else 0,
            "decides": int(self.decides),
            "heaters": self.width,
            "samples": self.samples,
            "upload": int(first and self.brings),
            "modes": self.modes,
            "classes": self.classes,
            "layers": self.layers,
        }


class Sequencer:
    """Carry out Sequences on ``core``; the heaters' power is known to the meter under ``handle``."""

    def __init__(self, config: ChipConfig, host: HostConfig, core: ChipCore, handle: int) -> None:
        self._plan = partial(chip_plan, config, host)
        self._core = core
        self._handle = handle
        self._active = core.design.active
        self._programmes: dict[_Shape, _Programme] = {}

    def check(self, command: Sequence) -> None:
        """Raise ``CommandError`` unless ``command`` drives active heaters to finite phases, in fitting arrays."""
        _check_shapes(command)
        heaters, radians, decide = command.heaters, command.radians, command.decide
        labels, classes = command.batch.labels, self._core.layers[-1].outputs
        if decide is not None:
            _check_targets(labels, len(command.batch.inputs), classes)
        least, most = int(heaters.min()), int(heaters.max())
        if least < 0 or most >= self._active.size:
            raise _no_heater(least if least < 0 else most)
        if not self._active[heaters].all():
            raise _no_heater(int(heaters[~self._active[heaters]][0]))
        phases = (radians,) if decide is None else (radians, decide.back, decide.home)
        if not all(np.isfinite(each).all() for each in phases):
            raise CommandError("Sequence: a phase is not finite")

    def perform(
        self, command: Sequence, start_ps: int, idle_ps: int, draw: int, upload: bool, note: Note | None
    ) -> Performed:
        """Carry out ``command`` from ``start_ps`` on, ``idle_ps`` after the chip's last event.

        The batch is loaded; readings have the noise numbers from ``draw`` on. ``note`` is told before the rows.
        """
        decide, core, batch = command.decide, self._core, command.batch
        programme = self._programme(command, upload)
        pace = programme.pace(idle_ps, decide is not None)
        if decide is None:
            visits = Visits(command.heaters, command.radians)
            found = core.sequence(visits, "none", None, pace, draw, keep_outputs=True)
        else:
            visits = Visits(command.heaters, command.radians, decide.back, decide.home, decide.keep_home)
            found = core.sequence(visits, decide.rule, batch.labels, pace, draw, decide.queries)
        return self._performed(command, found, start_ps, programme, note)

    def _programme(self, command: Sequence, upload: bool) -> _Programme:
        layers = self._core.layers
        visits, width = command.heaters.shape
        shape = _Shape(
            command.batch.inputs.shape[0], width, visits, upload, command.decide is not None,
            layers[0].inputs, layers[-1].outputs, len(layers),
        )  # fmt: skip
        known = self._programmes.get(shape)
        if known is None:
            known = self._programmes[shape] = _Programme.of(self._plan, shape)
        return known

    def _performed(
        self,
        command: Sequence,
        found: Sequenced,
        start_ps: int,
        programme: _Programme,
        note: Note | None,
    ) -> Performed:
        events, several = found.events, command.heaters.shape[1] > 1
        kind, row_of = _kinds(events["kind"] == HOMING, command.decide is not None)
        service_of = kind.copy()
        service_of[0] = _FIRST
        service_of[-1] = _ONLY if len(kind) == 1 else _LAST + kind[-1]
        held_ps = programme.held_ps[service_of]
        lasts_ps = float(held_ps.sum(dtype=np.float64)) + float(programme.reply_ps.max())
        if start_ps + lasts_ps > LAST_PS - _ROUNDING_PS:
            raise beyond_time(f"Sequence: {lasts_ps / PS_PER_S:g} s from {ps_to_s(start_ps):g} s on")
        started = held_ps.cumsum()
        started += start_ps - held_ps
        events = events[row_of]
        power_w = self._core.heater_power_of_w(events["driven_rad"])
        sets = (kind == _PROBE) | (kind == _SET)
        value = np.where(sets, 0.0 if several else events["phase_rad"], 0.0)
        target = np.where(sets, -1 if several else events["heater"], -1)
        result = np.where(kind == _SET, power_w, events["total"])
        settles = kind == _SETTLE
        value[settles], result[settles] = held_ps[settles], 0.0
        if kind[0] == _READ:
            target[0] = command.batch.key
        last = -2 if kind[-1] == _SETTLE else -1
        seen_ps = programme.set_ps if kind[last] == _SET else programme.light_ps
        rows = Rows(
            kinds=KINDS,
            kind_of=kind,
            services=programme.services,
            service_of=service_of,
            started_ps=started,
            done_ps=started + programme.reply_ps[service_of],
            target=target,
            value=value,
            result=result,
            handle=self._handle,
            level_ps=(started + programme.set_ps[service_of])[sets],
            level_w=power_w[sets],
            level_of=np.flatnonzero(sets),
            note=note,
            setpoints=(command.heaters, command.radians) if several else None,
        )
        last_ps = int(started[last] + seen_ps[service_of[last]])
        return Performed(_readings(command, found, float(power_w[-1])), rows, last_ps)


def _no_heater(device: int) -> CommandError:
    return CommandError(f"Sequence: device {device} is not an active heater of this chip")


def _check_shapes(command: Sequence) -> None:
    """Raise ``CommandError`` unless the arrays of ``command`` fit together."""
    heaters, radians, decide = command.heaters, command.radians, command.decide
    if heaters.ndim != 2 or heaters.shape != radians.shape or heaters.size == 0:
        raise CommandError(
            f"Sequence: heaters have shape {heaters.shape} and phases {radians.shape}; both are (n, k), "
            "n and k >= 1"
        )
    if decide is None:
        return
    if decide.rule not in RULES[1:]:
        raise CommandError(
            f"Sequence: {decide.rule!r} is no rule of a Descent; {nearest(decide.rule, RULES[1:])}; "
            f"allowed: {', '.join(RULES[1:])}"
        )
    if decide.queries < 1 or heaters.shape[1] != 1:
        raise CommandError(
            f"Sequence: a Descent moves one heater a visit ({heaters.shape[1]} given) and reads at least once "
            f"({decide.queries} given)"
        )
    for name, part in (("back", decide.back), ("home", decide.home), ("keep_home", decide.keep_home)):
        if part.shape != (len(heaters),):
            raise CommandError(
                f"Sequence: {name} has shape {part.shape}; allowed: ({len(heaters)},), one a visit"
            )


def _check_targets(targets: NDArray[Any], samples: int, outputs: int) -> None:
    """Raise ``CommandError`` unless ``targets`` are labels or values that ``outputs`` can be compared with."""
    if targets.ndim == 2 and targets.dtype.kind == "f":
        if targets.shape != (samples, outputs) or not np.isfinite(targets).all():
            raise CommandError(
                f"Sequence: values have shape {targets.shape}; a Descent needs ({samples}, {outputs}), all finite"
            )
        return
    if targets.shape != (samples,):
        raise CommandError(
            f"Sequence: labels have shape {targets.shape}; a Descent needs ({samples},), one a sample"
        )
    if not ((targets >= 0) & (targets < outputs)).all():
        raise CommandError(
            f"Sequence: a label is none of the chip's {outputs} classes; allowed: 0..{outputs - 1}"
        )


def _kinds(homing: NDArray[np.bool_], decides: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the kind of each row, and the event that it belongs to; a homing is a setting and a settling."""
    kind = np.where(homing, _SET, _PROBE)
    if decides:
        kind[0] = _READ
    if not homing.any():
        return kind, np.arange(len(kind))
    row_of = np.repeat(np.arange(len(homing)), 1 + homing)
    kind = kind[row_of]
    kind[1:][row_of[1:] == row_of[:-1]] = _SETTLE
    return kind, row_of


def _instants(service: Service) -> tuple[int, int, int, int]:
    """Return, from a service's start, when its reply is there, it is over, phases are set, light is sent; or 0."""
    total, set_ps, light_ps = 0, 0, 0
    for step in service.steps:
        if step[:2] == LIGHT:
            light_ps = total
        total += step.ps
        if step.resource == "dac":
            set_ps = total
    return service.reply_ps, service.free_ps, set_ps, light_ps


def _readings(command: Sequence, found: Sequenced, power_w: float) -> Readings:
    """Return the reply: where each visited heater was left is the phase last set of it."""
    events = found.events
    if command.decide is None:
        outputs = found.outputs
        assert outputs is not None  # noqa: S101  (asked for)
        return Readings(outputs, command.radians[:, -1], found.reference, found.readings, 0, 0, 0, power_w)
    heater, phase = events["heater"], events["phase_rad"]
    last = np.flatnonzero(heater[:-1] != heater[1:])[1:] if len(heater) > 1 else np.empty(0, dtype=np.int64)
    left = np.append(
        phase[last], phase[-1:] if len(heater) > 1 else []
    )  # visits of one heater stand together
    none = np.empty((0, 0, 0))
    return Readings(
        none, left, found.reference, found.readings, found.accepted, found.tied, found.pruned, power_w
    )
