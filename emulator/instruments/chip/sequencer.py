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
from emulator.instruments.chip.sequencing.rows import FIRST, FORWARD, PROBE, SET_PHASES, SETTLE, Told, tell
from emulator.instruments.chip.state import ChipCore, Sequenced, Visits
from emulator.instruments.chip.timing import KINDS, LIGHT, chip_plan
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Note, Rows, Service
from emulator.kernel import kernel
from emulator.physics.chip.kernels.sequence import RULES, Pace
from emulator.plan import Plan
from emulator.units import LAST_PS, PS_PER_S, beyond_time, ps_to_s

__all__ = ["Performed", "Sequencer"]

_ROUNDING_PS: Final = 4096  # more than a sum of instants in doubles is wrong by, at the end of time
_NO_OUTPUTS: Final = np.empty((0, 0, 0))
_NONE: Final = np.empty(0)


class Performed(NamedTuple):
    """Hold what a Sequence found, its rows in terms of the trace, and when the chip had its last event."""

    readings: Readings
    rows: Rows
    last_ps: int


class _Programme(NamedTuple):
    """Hold what Sequences of one shape take: services by slot, and when each replies, is over, sets and reads."""

    services: tuple[Service, ...]
    times: NDArray[np.int64]
    paced_ps: Pace

    @classmethod
    def of(cls, plan: Callable[[str, Mapping[str, int]], Plan], shape: "_Shape") -> "_Programme":
        """Return the programme of Sequences of this ``shape``, which ``plan`` prices."""
        opening = KINDS[FORWARD if shape.decides else PROBE]
        rows = [
            *((kind, False, False) for kind in KINDS),
            (opening, True, False),
            *((kind, False, True) for kind in KINDS),
            (opening, True, True),
        ]
        services = tuple(Service.of(plan(kind, shape.work(first, last))) for kind, first, last in rows)
        instants = np.array([_instants(service) for service in services], dtype=np.int64)
        times = np.ascontiguousarray(instants.T)
        return cls(services, times, _paced(times, shape.decides))

    def pace(self, idle_ps: int) -> Pace:
        """Return what passes between events; the chip's last one lies ``idle_ps`` before the start."""
        return self.paced_ps._replace(first_ps=idle_ps + self.paced_ps.first_ps)


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
    patches: tuple[tuple[str, int], ...]

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
            **dict(self.patches),
        }


class Sequencer:
    """Carry out Sequences on ``core``; the heaters' power is known to the meter under ``handle``."""

    def __init__(self, config: ChipConfig, host: HostConfig, core: ChipCore, handle: int) -> None:
        self._plan = partial(chip_plan, config, host)
        self._core = core
        self._handle = handle
        self._active = core.design.active
        self._values, self._patches = core.design.values, tuple(core.design.patches.items())
        self._programmes: dict[_Shape, _Programme] = {}

    def check(self, command: Sequence) -> None:
        """Raise ``CommandError`` unless ``command`` drives active heaters to finite phases, in fitting arrays."""
        _check_shapes(command)
        heaters, radians, decide = command.heaters, command.radians, command.decide
        back, home = _NONE, _NONE
        if decide is not None:
            back, home = decide.back, decide.home
            classes = self._core.layers[-1].outputs
            _check_targets(command.batch.labels, len(command.batch.inputs), classes)
        if _is_sound(heaters, self._active, radians, back, home):
            return
        least, most = int(heaters.min()), int(heaters.max())
        if least < 0 or most >= self._active.size:
            raise _no_heater(least if least < 0 else most)
        if not self._active[heaters].all():
            raise _no_heater(int(heaters[~self._active[heaters]][0]))
        raise CommandError("Sequence: a phase is not finite")

    def perform(
        self, command: Sequence, start_ps: int, idle_ps: int, draw: int, upload: bool, note: Note | None
    ) -> Performed:
        """Carry out ``command`` from ``start_ps`` on, ``idle_ps`` after the chip's last event.

        The batch is loaded; readings have the noise numbers from ``draw`` on. ``note`` is told before the rows.
        """
        decide, core, batch = command.decide, self._core, command.batch
        programme = self._programme(command, upload)
        pace = programme.pace(idle_ps)
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
            self._values, layers[-1].outputs, len(layers), self._patches,
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
        told = tell(
            found.ints, found.floats, programme.times, command.decide is not None,
            command.heaters.shape[1] > 1, command.batch.key, start_ps, self._core.w_per_rad,
        )  # fmt: skip
        lasts_ps = told.held_ps + float(programme.times[0].max())
        if start_ps + lasts_ps > LAST_PS - _ROUNDING_PS:
            raise beyond_time(f"Sequence: {lasts_ps / PS_PER_S:g} s from {ps_to_s(start_ps):g} s on")
        rows = Rows(
            kinds=KINDS,
            kind_of=told.kind_of,
            services=programme.services,
            service_of=told.service_of,
            started_ps=told.started_ps,
            done_ps=told.done_ps,
            target=told.target,
            value=told.value,
            result=told.result,
            handle=self._handle,
            level_ps=told.level_ps,
            level_w=told.level_w,
            level_of=told.level_of,
            note=note,
            setpoints=(command.heaters, command.radians) if command.heaters.shape[1] > 1 else None,
        )
        return Performed(_readings(command, found, told), rows, told.last_ps)


@kernel
def _is_sound(
    heaters: NDArray[np.int64],
    active: NDArray[np.bool_],
    radians: NDArray[np.float64],
    back: NDArray[np.float64],
    home: NDArray[np.float64],
) -> bool:
    """Return whether all heaters are active and all phases finite: one call for them all."""
    for heater in heaters.flat:
        if not 0 <= heater < active.size or not active[heater]:
            return False
    for radian in radians.flat:
        if not np.isfinite(radian):
            return False
    return bool(np.isfinite(back).all() and np.isfinite(home).all())


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


def _paced(times: NDArray[np.int64], decides: bool) -> Pace:
    """Return what passes between events, and from the start to the first of them."""
    _, held, sets, lights = times.tolist()
    after_light = held[PROBE] - lights[PROBE]
    return Pace(
        first_ps=lights[FIRST] if decides else sets[FIRST],
        set_ps=after_light + sets[PROBE],
        light_ps=lights[PROBE] - sets[PROBE],
        home_ps=after_light + sets[SET_PHASES],
        after_home_ps=held[SETTLE] + sets[PROBE],
    )


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


def _readings(command: Sequence, found: Sequenced, told: Told) -> Readings:
    """Return the reply."""
    if command.decide is None:
        outputs = found.outputs
        assert outputs is not None  # noqa: S101  (asked for)
        radians = command.radians[:, -1]
        return Readings(outputs, radians, found.reference, found.readings, 0, 0, 0, told.power_w)
    return Readings(
        _NO_OUTPUTS, told.left_rad, found.reference, found.readings, found.accepted, found.tied, found.pruned,
        told.power_w,
    )  # fmt: skip
