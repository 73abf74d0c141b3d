"""The MZI-mesh chip on the bench: it serves all that is asked of a chip at the prices of its plans.

Phases take effect when the DACs have been updated, and light meets the mesh when its symbols begin; both instants
are read off the plan. Not modelled: pipelining of layers; the next layer starts when the whole mini-batch has been
converted.
"""

import math
from collections import deque
from collections.abc import Callable, Mapping
from collections.abc import Sequence as SequenceOf
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.commands import (
    Batch,
    Forward,
    Incumbent,
    Monitor,
    PhasesSet,
    Probe,
    Reading,
    Reply,
    Sequence,
    SetPhases,
    Settle,
    Settled,
)
from emulator.errors import CommandError, DivergedError
from emulator.instruments.chip.channels import PORTS, idle_w, ports_of
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.chip.contents import NOTHING, Content, note_batch
from emulator.instruments.chip.hidden.states import LINK
from emulator.instruments.chip.monitoring.monitors import Monitors
from emulator.instruments.chip.sequencer import Sequencer
from emulator.instruments.chip.sequencing.rows import READINGS
from emulator.instruments.chip.state import ChipCore, Design
from emulator.instruments.chip.timing import LIGHT, SETTLING, chip_plan
from emulator.instruments.incumbents import phases_of
from emulator.instruments.instrument import Change, Note, Outcome, Rows, Service, Setting, Stand, State
from emulator.plan import REMAINDER, Plan, Step
from emulator.trace import AnyRecorder
from emulator.units import s_to_ps

__all__ = ["HEATERS", "Chip"]

HEATERS = "chip.heaters"
"""The component whose level follows the phases that are driven."""


class _Read(NamedTuple):
    """Hold the service of a reading, and when after its start phases are set and light is sent."""

    service: Service
    set_ps: int
    light_ps: int


class Chip:
    """Serve one command at a time, in the order in which they were begun."""

    pipelined = False
    at_once: frozenset[type] = frozenset({Sequence})

    def __init__(self, config: ChipConfig, design: Design, setting: Setting) -> None:
        self.core = ChipCore(config, design, setting.seed)
        self.queries = 0
        self._config = config
        self._host = setting.host
        self._meter = setting.meter
        self._active = design.active.tolist()
        self._incumbent: tuple[NDArray[np.int64], NDArray[np.float64]] | None = None
        self._begun = NOTHING  # the batch that the last command begun will have loaded
        self._coming: deque[Content] = deque()  # what commands begun, and not yet carried out, will load
        self._uploads: deque[bool] = deque()  # whether what is expected brings its batch
        self._heat_time_ps = 0
        self._forwards: dict[tuple[int, bool], _Read] = {}
        self._probes: dict[tuple[int, int, bool], _Read] = {}
        self._settings: dict[int, Service] = {}
        self._settles: dict[int | None, Service] = {}
        self._begin: dict[type, Callable[[Any], Service]] = {
            Probe: self._begin_probe,
            SetPhases: self._begin_set_phases,
            Settle: self._begin_settle,
            Forward: self._begin_forward,
            Monitor: self._begin_monitor,
        }
        self._run: dict[type, Callable[[Any, Service, int], Outcome]] = {
            Probe: self._run_probe,
            SetPhases: self._run_set_phases,
            Settle: self._run_settle,
            Forward: self._run_forward,
            Monitor: self._run_monitor,
        }
        self._heaters = self._meter.component(HEATERS, self.core.heater_power_w)
        for component, watts in idle_w(Stand(config, design)).items():
            self._meter.component(component, watts)
        self._sequencer = Sequencer(config, setting.host, self.core, self._heaters)
        self._monitors = Monitors(config, setting, self.core)

    @classmethod
    def build(cls, stand: Stand, setting: Setting) -> "Chip":
        """Return the chip of ``stand``; raises ``ConfigError`` or ``PhysicsError`` for what cannot be."""
        return cls(stand.config, stand.design, setting)

    def opening_states(self) -> SequenceOf[State]:
        """Return the design and the phases that the heaters start from."""
        design = self.core.design
        return (
            ("design_phases", design.phases(), "rad"),
            ("active", design.active, "1"),
            (PORTS, ports_of(design), "1"),
            ("initial_phases", self.core.driven_phases(), "rad"),
        )

    def closing_states(self) -> SequenceOf[State]:
        """Return the phases that the heaters are driven to, and those of the incumbent, if one was named."""
        driven: State = ("final_phases", self.core.driven_phases(), "rad")
        return (driven,) if self._incumbent is None else (driven, ("incumbent_phases", self.judged(), "rad"))

    def observe(self, inputs: NDArray[np.float64], now_ps: int) -> NDArray[np.float64]:
        """Return what ``inputs`` (samples, modes) would read at ``now_ps``, at no cost in time, energy or noise.

        Right after a Sequence that is still under way, it is the state at its end. Where an agent has named its
        incumbent, it is what they would read with that driven, and settled.
        """
        if self._incumbent is None:
            return self.core.observe(inputs, self.queries, max(0, now_ps - self._heat_time_ps))
        return self.core.observe_settled(inputs, self.queries, *self._incumbent)

    def judged(self) -> NDArray[np.float64]:
        """Return the phases (devices,) that ``observe`` judges, as the DACs drive them; 0 at passive devices."""
        if self._incumbent is None:
            return self.core.driven_phases()
        return self.core.driven_at(*self._incumbent)

    def name_incumbent(self, command: Incumbent) -> tuple[int, Note]:
        """Take the phases by which the chip is judged; raise ``CommandError`` where it cannot be driven to them."""
        heaters, radians = phases_of(command, self.core.design.active)
        self._check_heaters(heaters.tolist(), radians.tolist(), "Incumbent")
        self._incumbent = heaters, radians
        return heaters.size, partial(_note_setpoints, heaters, radians)

    def begin(self, command: SetPhases | Settle | Forward | Probe | Monitor) -> Service:
        """Check ``command`` and return its service; raise ``CommandError`` when it cannot be served."""
        return self._begin[type(command)](command)

    def run(self, command: Any, service: Service, start_ps: int) -> Outcome:
        """Carry out the physics of ``command``, served from ``start_ps`` on; raise ``DivergedError`` for NaN."""
        return self._run[type(command)](command, service, start_ps)

    def expect(self, command: Sequence) -> None:
        """Take ``command`` to be performed behind all others; raise ``CommandError`` where it cannot be."""
        self._sequencer.check(command)
        self._uploads.append(self._check_batch(command.batch, "Sequence"))

    def perform(self, command: Sequence, start_ps: int) -> tuple[Reply | DivergedError, Rows]:
        """Have the sequencer carry out ``command``, which is expected, from ``start_ps`` on.

        Where a reading is not finite, the rows before it are left; raises ``DivergedError`` where there are none.
        """
        upload = self._uploads.popleft()
        note = self._load() if upload else None
        found = self._sequencer.perform(
            command, start_ps, start_ps - self._heat_time_ps, self.queries, upload, note
        )
        self._heat_time_ps = found.last_ps
        rows, before = found.rows, self.queries
        self.queries += found.readings.readings
        if np.isfinite(rows.result).all():
            return found.readings, rows
        row = int(np.argmin(np.isfinite(rows.result)))
        self.queries = before + int(np.isin(rows.kind_of[: row + 1], READINGS).sum())
        error = self._diverged()
        if row == 0:
            raise error
        return error, rows.until(row)

    def disturb(self, name: str, index: int, value: float) -> Change:
        """Return what changes the state ``name`` of the part ``index``; raise ``CommandError`` if nothing can."""
        self.core.check_disturbance(name, index, value)
        if name == LINK:
            return lambda now_ps: now_ps + s_to_ps(value)
        return partial(self._disturb, name, index, value)

    def _disturb(self, name: str, index: int, value: float, now_ps: int) -> None:
        self.core.disturb(name, index, value, now_ps - self._heat_time_ps)
        self._heat_time_ps = now_ps
        self._meter.set(self._heaters, now_ps, self.core.heater_power_w)

    def _plan(self, kind: str, work: Mapping[str, int]) -> Plan:
        return chip_plan(self._config, self._host, kind, work)

    def _begin_set_phases(self, command: SetPhases) -> Service:
        count = self._check_heaters(command.heaters, command.radians, "SetPhases")
        known = self._settings.get(count)
        if known is None:
            known = self._settings[count] = Service.of(self._plan("set_phases", {"heaters": count}))
        return known

    def _check_heaters(self, heaters: SequenceOf[int], radians: SequenceOf[float], what: str) -> int:
        count = len(heaters)
        if len(radians) != count:
            raise CommandError(f"{what}: {count} heaters but {len(radians)} phases; give one phase each")
        if isinstance(heaters, dict) or isinstance(radians, dict):
            raise CommandError(
                f"{what}: heaters and phases in a dict have no order; allowed: sequences of numbers"
            )
        active = self._active
        heater: object = None
        phase: object = None
        try:
            for heater, phase in zip(heaters, radians, strict=True):
                if heater < 0 or not active[heater] or not math.isfinite(phase):
                    raise self._refusal(heater, phase, what)
        except (IndexError, TypeError):
            raise self._refusal(heater, phase, what) from None
        return count

    def _refusal(self, heater: object, phase: object, what: str) -> CommandError:
        """Say what is wrong with one setting."""
        known = (
            isinstance(heater, int | np.integer) and 0 <= heater < len(self._active) and self._active[heater]
        )
        if not known:
            return CommandError(f"{what}: device {heater!r} is not an active heater of this chip")
        return CommandError(f"{what}: phase {phase!r} of heater {heater} is not finite")

    def _begin_settle(self, command: Settle) -> Service:
        asked_ps = command.duration_ps
        known = self._settles.get(asked_ps)
        if known is not None:
            return known
        if asked_ps is None:
            service = Service.of(self._plan("settle", {"asked": 0}))
        elif type(asked_ps) is not int or asked_ps < 0:
            raise CommandError(f"Settle: duration_ps={asked_ps!r} is not a non-negative int of picoseconds")
        else:  # one plan in the trace for whatever time an agent asks for
            template = (Step(*SETTLING, REMAINDER),)
            service = Service.of(Plan((Step(*SETTLING, asked_ps),), (("asked", 1),)), template)
        self._settles[asked_ps] = service
        return service

    def _begin_forward(self, command: Forward) -> Service:
        batch = command.batch
        upload = self._check_batch(batch, "Forward")
        key = (batch.inputs.shape[0], upload)
        known = self._forwards.get(key)
        if known is None:
            known = self._forwards[key] = self._reading("forward", key[0], upload, {})
        return known.service

    def _begin_probe(self, command: Probe) -> Service:
        heaters, batch = command.heaters, command.batch
        count = self._check_heaters(heaters, command.radians, "Probe")
        upload = self._check_batch(batch, "Probe")
        key = (count, batch.inputs.shape[0], upload)
        known = self._probes.get(key)
        if known is None:
            known = self._probes[key] = self._reading("probe", key[1], upload, {"heaters": count})
        return known.service

    def _begin_monitor(self, command: Monitor) -> Service:
        return self._monitors.begin(
            command, lambda batch: (self._check_batch(batch, "Monitor"), self._begun.shows)
        )

    def _reading(self, kind: str, samples: int, upload: bool, more: Mapping[str, int]) -> _Read:
        layers, design = self.core.layers, self.core.design
        work = {
            **more,
            "samples": samples,
            "upload": int(upload),
            "modes": design.values,
            "classes": layers[-1].outputs,
            "layers": len(layers),
            **design.patches,
        }
        plan = self._plan(kind, work)
        set_ps = plan.until(*SETTLING) if kind == "probe" else 0
        return _Read(Service.of(plan), set_ps, plan.until(*LIGHT))

    def _check_batch(self, batch: Batch, what: str) -> bool:
        """Return whether ``batch`` has to be brought to the chip; raise ``CommandError`` where it does not fit."""
        begun = self._begun
        if begun.shows(batch):
            return False
        modes, limit, shape = self.core.design.values, self._config.activation_clip, batch.inputs.shape
        if len(shape) != 2 or shape[1] != modes or shape[0] == 0:
            raise CommandError(f"{what}: inputs have shape {shape}; the chip takes (samples >= 1, {modes})")
        if not np.abs(batch.inputs).max() <= limit:  # NaN is not, either
            raise CommandError(
                f"{what}: batch {batch.key} holds inputs beyond the modulators' range of +-{limit:g}"
            )
        content = Content(batch.key, batch.inputs, batch.inputs.tobytes(), batch.samples)
        upload = content.key != begun.key or content.raw != begun.raw or shape != begun.array.shape
        self._begun = content
        if upload:
            self._coming.append(content)
        return upload

    def _run_set_phases(self, command: SetPhases, service: Service, start_ps: int) -> Outcome:
        end_ps = start_ps + service.reply_ps
        heaters = np.array(command.heaters, dtype=np.int64)
        radians = np.array(command.radians, dtype=np.float64)
        self.core.drive(heaters, radians, end_ps - self._heat_time_ps)
        self._heat_time_ps = end_ps
        power_w = self.core.heater_power_w
        self._meter.set(self._heaters, end_ps, power_w)
        if len(heaters) == 1:
            return PhasesSet(power_w), command.heaters[0], command.radians[0], power_w, None
        return PhasesSet(power_w), -1, 0.0, power_w, partial(_note_setpoints, heaters, radians)

    def _run_settle(self, command: Settle, service: Service, start_ps: int) -> Outcome:
        return Settled(service.reply_ps), -1, float(service.reply_ps), 0.0, None

    def _run_forward(self, command: Forward, service: Service, start_ps: int) -> Outcome:
        core, batch = self.core, command.batch
        read = self._forwards.get((batch.inputs.shape[0], False))
        note = None
        if read is None or service is not read.service:
            note = self._load()
            read = self._forwards[batch.inputs.shape[0], True]
        light_ps = start_ps + read.light_ps
        outputs, saturated, total = core.read(self.queries, light_ps - self._heat_time_ps)
        self._heat_time_ps = light_ps
        self._count(total)
        return Reading(outputs, saturated, core.heater_power_w, core.reference), batch.key, 0.0, total, note

    def _run_probe(self, command: Probe, service: Service, start_ps: int) -> Outcome:
        heaters, radians, batch = command
        read = self._probes.get((len(heaters), batch.inputs.shape[0], False))
        note = None
        if read is None or service is not read.service:
            note = self._load()
            read = self._probes[len(heaters), batch.inputs.shape[0], True]
        set_ps = start_ps + read.set_ps
        core = self.core
        passed_ps, settled_ps = set_ps - self._heat_time_ps, read.light_ps - read.set_ps
        if len(heaters) == 1:
            outputs, saturated, total = core.probe(
                heaters[0], radians[0], passed_ps, settled_ps, self.queries
            )
        else:
            many = np.array(heaters, dtype=np.int64), np.array(radians, dtype=np.float64)
            outputs, saturated, total = core.probe(*many, passed_ps, settled_ps, self.queries)
        self._heat_time_ps = start_ps + read.light_ps
        power_w = core.heater_power_w
        self._meter.set(self._heaters, set_ps, power_w)
        self._count(total)
        reading = Reading(outputs, saturated, power_w, core.reference)
        if len(heaters) == 1:
            return reading, heaters[0], radians[0], total, note
        return reading, -1, 0.0, total, partial(_note_probe, note, heaters, radians)

    def _run_monitor(self, command: Monitor, service: Service, start_ps: int) -> Outcome:
        monitors = self._monitors
        note = self._load() if monitors.uploads(service) else None
        light_ps = start_ps + monitors.light_ps(service)
        self.core.pass_time(light_ps - self._heat_time_ps)
        self._heat_time_ps = light_ps
        with np.errstate(invalid="ignore"):  # what is no number is told below
            reading, total = monitors.read(command, self.queries)
        self._count(total)
        return reading, command.batch.key, 0.0, total, monitors.note(command, note)

    def _count(self, total: float) -> None:
        self.queries += 1
        if not math.isfinite(total):
            raise self._diverged()

    def _diverged(self) -> DivergedError:
        with np.errstate(invalid="ignore"):
            broken = self.core.hidden.broken(self.core.phases())
        return DivergedError(
            f"chip: query {self.queries} read a value that is not finite{broken and f': {broken}'}"
        )

    def _load(self) -> Note:
        """Bring the next content that commands have begun to load; they are carried out in their order."""
        content = self._coming.popleft()
        self.core.load(np.frombuffer(content.raw, dtype=content.array.dtype).reshape(content.array.shape))
        return partial(note_batch, content)


def _note_setpoints(heaters: Any, radians: Any, recorder: AnyRecorder) -> None:
    recorder.setpoints(heaters, radians)


def _note_probe(first: Note | None, heaters: Any, radians: Any, recorder: AnyRecorder) -> None:
    if first is not None:
        first(recorder)
    recorder.setpoints(heaters, radians)
