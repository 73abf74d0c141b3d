"""The sequencer beside the chip: it carries out a Sequence in one go, and says what each row of it took.

Real laboratories close such a loop in programmable logic next to the converters. It holds settings and labels,
steps the DACs, waits, reads, computes the loss and decides; link and host are passed at its beginning and its end.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emulator.commands import Readings, Sequence
from emulator.errors import CommandError, nearest
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.chip.state import ChipCore, Sequenced, Visits
from emulator.instruments.chip.timing import KINDS, LIGHT, SETTLING, chip_plan
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Note, Rows, Service
from emulator.physics.chip.sequence import HOMING, RULES, Pace

__all__ = ["Performed", "Sequencer"]

_SET, _SETTLE, _READ, _PROBE = range(len(KINDS))
_MIDDLE, _FIRST, _LAST, _ONLY = range(4)
"""Places of a row in its Sequence; a number a service."""

_PLACES: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Performed:
    """Hold what a Sequence found, and its rows in terms of the trace."""

    readings: Readings
    last_ps: int
    kind_of: NDArray[np.int64]
    services: tuple[Service, ...]
    service_of: NDArray[np.int64]
    started_ps: NDArray[np.int64]
    target: NDArray[np.int64]
    value: NDArray[np.float64]
    result: NDArray[np.float64]
    handle: int
    level_ps: NDArray[np.int64]
    level_w: NDArray[np.float64]
    setpoints: tuple[NDArray[np.int64], NDArray[np.float64]] | None

    def rows(self, note: Note | None) -> Rows:
        """Return the rows; ``note`` is told before the first."""
        lasting = np.array([service.reply_ps for service in self.services])[self.service_of]
        return Rows(
            KINDS, self.kind_of, self.services, self.service_of, self.started_ps, self.started_ps + lasting,
            self.target, self.value, self.result, self.handle, self.level_ps, self.level_w, note, self.setpoints,
        )  # fmt: skip


class Sequencer:
    """Carry out Sequences on ``core``; the heaters' power is known to the meter under ``handle``."""

    def __init__(self, config: ChipConfig, host: HostConfig, core: ChipCore, handle: int) -> None:
        self._config = config
        self._host = host
        self._core = core
        self._handle = handle
        self._services: dict[tuple[int, ...], Service] = {}

    def check(self, command: Sequence, active: list[bool]) -> None:
        """Raise ``CommandError`` unless ``command`` drives active heaters to finite phases, in fitting arrays."""
        _check_shapes(command)
        heaters, radians, decide = command.heaters, command.radians, command.decide
        labels, classes = command.batch.labels, self._core.layers[-1].outputs
        if decide is not None and not ((labels >= 0) & (labels < classes)).all():
            raise CommandError(
                f"Sequence: a label is none of the chip's {classes} classes; allowed: 0..{classes - 1}"
            )
        known = (heaters >= 0) & (heaters < len(active))
        if not known.all() or not np.array(active)[heaters].all():
            wrong = heaters[~known] if not known.all() else heaters[~np.array(active)[heaters]]
            raise CommandError(f"Sequence: device {int(wrong[0])} is not an active heater of this chip")
        phases = [radians] if decide is None else [radians, decide.back, decide.home]
        if not all(np.isfinite(each).all() for each in phases):
            raise CommandError("Sequence: a phase is not finite")

    def perform(self, command: Sequence, start_ps: int, idle_ps: int, draw: int, upload: bool) -> Performed:
        """Carry out ``command`` from ``start_ps`` on, ``idle_ps`` after the chip's last event.

        The batch is loaded; readings have the noise numbers from ``draw`` on.
        """
        decide = command.decide
        service = self._family(command, upload)
        opening, middle = service(_READ if decide else _PROBE, _FIRST), service(_PROBE, _MIDDLE)
        set_ps, light_ps = _until(middle, SETTLING), _until(middle, LIGHT)
        pace = Pace(
            first_ps=idle_ps + _until(opening, LIGHT if decide else SETTLING),
            set_ps=middle.free_ps - light_ps + set_ps,
            light_ps=light_ps - set_ps,
            home_ps=middle.free_ps - light_ps + service(_SET, _MIDDLE).free_ps,
            after_home_ps=service(_SETTLE, _MIDDLE).free_ps + set_ps,
        )
        core = self._core
        if decide is None:
            visits = Visits(command.heaters, command.radians)
            found = core.sequence(visits, "none", None, pace, draw, keep_outputs=True)
        else:
            visits = Visits(command.heaters, command.radians, decide.back, decide.home, decide.keep_home)
            found = core.sequence(visits, decide.rule, command.batch.labels, pace, draw, decide.queries)
        return self._performed(command, found, start_ps, service)

    def _family(self, command: Sequence, upload: bool) -> Any:
        """Return a function from a row's kind and place to its service."""
        layers, count = self._core.layers, len(command.heaters)
        samples, width = command.batch.inputs.shape[0], command.heaters.shape[1]
        decides = command.decide is not None

        def service(kind: int, place: int) -> Service:
            brings = int(upload and bool(place & _FIRST))
            key = (kind, place, samples, width, count if place else 0, brings, decides)
            known = self._services.get(key)
            if known is None:
                work = {
                    "sequencer": 1,
                    "first": int(bool(place & _FIRST)),
                    "last": int(bool(place & _LAST)),
                    "visits": key[4],
                    "decides": int(decides),
                    "heaters": width,
                    "samples": samples,
                    "upload": key[5],
                    "modes": layers[0].inputs,
                    "classes": layers[-1].outputs,
                    "layers": len(layers),
                }
                known = Service.of(chip_plan(self._config, self._host, KINDS[kind], work))
                self._services[key] = known
            return known

        return service

    def _performed(self, command: Sequence, found: Sequenced, start_ps: int, service: Any) -> Performed:
        events, decides = found.events, command.decide is not None
        several = command.heaters.shape[1] > 1
        kind, row_of = _kinds(events["kind"] == HOMING, decides)
        place = np.zeros(len(kind), dtype=np.int64)
        place[0] |= _FIRST
        place[-1] |= _LAST
        code, service_of = np.unique(kind * _PLACES + place, return_inverse=True)
        services = tuple(service(*divmod(each, _PLACES)) for each in code.tolist())
        held_ps, set_ps, light_ps = np.array([_instants(each) for each in services]).T[:, service_of]
        started = start_ps + np.cumsum(held_ps) - held_ps
        sets = (kind == _SET) | (kind == _PROBE)
        power_w = self._core.heater_power_of_w(events["driven_rad"])[row_of]
        heater, phase = events["heater"][row_of], events["phase_rad"][row_of]
        target = np.where(sets, -1 if several else heater, np.where(kind == _READ, command.batch.key, -1))
        alone = np.where(kind == _SETTLE, held_ps, 0.0)
        read = events["total"][row_of]
        last = -2 if kind[-1] == _SETTLE else -1
        return Performed(
            readings=_readings(command, found, float(power_w[-1])),
            last_ps=int((started + np.where(kind[last] == _SET, set_ps, light_ps))[last]),
            kind_of=kind,
            services=services,
            service_of=service_of,
            started_ps=started,
            target=target,
            value=alone if several else np.where(sets, phase, alone),
            result=np.where(kind == _SET, power_w, np.where(kind == _SETTLE, 0.0, read)),
            handle=self._handle,
            level_ps=(started + set_ps)[sets],
            level_w=power_w[sets],
            setpoints=(command.heaters, command.radians) if several else None,
        )


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
    samples, labels = len(command.batch.inputs), command.batch.labels
    if labels.shape != (samples,):
        raise CommandError(
            f"Sequence: labels have shape {labels.shape}; a Descent needs ({samples},), one a sample"
        )


def _kinds(homing: NDArray[np.bool_], decides: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the kind of each row, and the event that it belongs to; a homing is a setting and a settling."""
    row_of = np.repeat(np.arange(len(homing)), 1 + homing)
    again = np.concatenate(([False], row_of[1:] == row_of[:-1]))
    kind = np.where(homing[row_of], np.where(again, _SETTLE, _SET), _PROBE)
    if decides:
        kind[0] = _READ
    return kind, row_of


def _instants(service: Service) -> tuple[int, int, int]:
    """Return, from a service's start, when it is over, when phases are set, and when light is sent; 0 for never."""
    total, set_ps, light_ps = 0, 0, 0
    for step in service.steps:
        if step[:2] == LIGHT:
            light_ps = total
        total += step.ps
        if step.resource == "dac":
            set_ps = total
    return service.free_ps, set_ps, light_ps


def _until(service: Service, name: tuple[str, str]) -> int:
    """Return the time from a service's start to its step ``name``."""
    names = [step[:2] for step in service.steps]
    return sum(step.ps for step in service.steps[: names.index(name)])


def _readings(command: Sequence, found: Sequenced, power_w: float) -> Readings:
    """Return the reply: where each visited heater was left is the phase last set of it."""
    events = found.events
    if command.decide is None:
        outputs = found.outputs
        assert outputs is not None  # noqa: S101  (asked for)
        return Readings(outputs, command.radians[:, -1], found.reference, found.readings, 0, 0, 0, power_w)
    moved = events["heater"] >= 0
    heater, phase = events["heater"][moved], events["phase_rad"][moved]
    last = np.flatnonzero(np.diff(heater, append=-1))  # visits of one heater stand together
    none = np.empty((0, 0, 0))
    return Readings(
        none, phase[last], found.reference, found.readings, found.accepted, found.tied, found.pruned, power_w
    )
