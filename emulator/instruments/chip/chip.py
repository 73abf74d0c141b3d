"""The MZI-mesh chip on the bench: it serves SetPhases, Settle and Forward, and says what each costs in time.

A query's time is made of spans, in this order: link and DAC (SetPhases), settling (Settle), upload of a new
mini-batch, request, symbols, detection, ADC and readout (Forward). The host's own time follows between commands.
Not modelled: pipelining of layers; the next layer starts when the whole mini-batch has been converted.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.commands import Batch, Forward, PhasesSet, Reading, SetPhases, Settle, Settled
from emulator.errors import CommandError, DivergedError
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.chip.state import ChipCore, Design
from emulator.instruments.chip.timing import LIGHT, chip_steps
from emulator.instruments.instrument import Outcome, Service, State
from emulator.meter import Meter
from emulator.physics.chip.laser import electrical_power_w
from emulator.trace import REMAINDER, AnyRecorder
from emulator.trace.plans import Work
from emulator.units import s_to_ps

__all__ = ["Chip"]


class Chip:
    """Serve one command at a time: the bench calls ``begin``, lets the service's time pass, calls ``finish``."""

    name = "chip"
    pipelined = False
    kinds: Mapping[type, str] = {SetPhases: "set_phases", Settle: "settle", Forward: "forward"}

    def __init__(
        self, config: ChipConfig, design: Design, seed: int, meter: Meter, recorder: AnyRecorder
    ) -> None:
        self.core = ChipCore(config, design, seed)
        self.queries = 0
        self._config = config
        self._recorder = recorder
        self._meter = meter
        self._active = design.active.tolist()
        self._loaded: int | None = None
        self._loaded_inputs: NDArray[np.float64] = np.empty((0, 0))
        self._heat_time_ps = 0
        self._symbols_ps = 0
        self._forward_services: dict[tuple[int, bool], tuple[Service, int]] = {}
        self._setpoint_services: dict[int, Service] = {}
        self._settle_services: dict[int | None, Service] = {}
        self._settle_ps = s_to_ps(config.heaters.settle_s)
        settling = (("heaters", "settling", REMAINDER),)
        self._settle_plans = {
            asked: recorder.plan(settling, (("asked", int(asked)),)) for asked in (False, True)
        }
        self._begin: dict[type, Callable[[Any], Service]] = {
            SetPhases: self._begin_set_phases,
            Settle: self._begin_settle,
            Forward: self._begin_forward,
        }
        self._finish: dict[type, Callable[[Any, int, int], Outcome]] = {
            SetPhases: self._finish_set_phases,
            Settle: self._finish_settle,
            Forward: self._finish_forward,
        }
        self._one_heater = np.zeros(1, dtype=np.int64)
        self._one_phase = np.zeros(1)
        self._heaters = meter.component("chip.heaters", self.core.heater_power_w)
        meter.component("chip.dac", config.dac.power_w)
        meter.component("chip.modulators", config.inputs.power_w)
        meter.component("chip.receivers", config.receiver.power_w)
        meter.component(
            "chip.laser", electrical_power_w(config.laser.power_w, config.laser.wall_plug_efficiency)
        )

    def services(self) -> list[Service]:
        """Return every kind of service that was asked for, with its number of uses."""
        forward = [service for service, _ in self._forward_services.values()]
        return [*self._setpoint_services.values(), *self._settle_services.values(), *forward]

    def busy_ps(self) -> dict[str, int]:
        """Return the time that each span has taken so far."""
        busy: dict[str, int] = {}
        for service in self.services():
            for resource, activity, duration_ps in service.steps:
                name = f"{resource}.{activity}"
                busy[name] = busy.get(name, 0) + service.uses * duration_ps
        return busy

    def opening_states(self) -> Sequence[State]:
        """Return the design and the phases that the heaters start from."""
        design = self.core.design
        return (
            ("design_phases", design.phases(), "rad"),
            ("active", design.active, "1"),
            ("initial_phases", self.core.driven_phases(), "rad"),
        )

    def closing_states(self) -> Sequence[State]:
        """Return the phases that the heaters are driven to."""
        return (("final_phases", self.core.driven_phases(), "rad"),)

    def commence(self, start_ps: int) -> None:
        """Do nothing: what a command changes, it changes at its end."""

    def observe(self, inputs: NDArray[np.float64], now_ps: int) -> NDArray[np.float64]:
        """Return what ``inputs`` (samples, modes) would read at ``now_ps``, at no cost in time, energy or noise."""
        return self.core.observe(inputs, self.queries, now_ps - self._heat_time_ps)

    def begin(self, command: SetPhases | Settle | Forward) -> Service:
        """Check ``command`` and return its service; raise ``CommandError`` when it cannot be served."""
        try:
            begin = self._begin[type(command)]
        except KeyError:
            kinds = ", ".join(kind.__name__ for kind in self._begin)
            raise CommandError(
                f"chip: {type(command).__name__} is no command of the chip; it serves {kinds}"
            ) from None
        return begin(command)

    def finish(self, command: SetPhases | Settle | Forward, start_ps: int, end_ps: int) -> Outcome:
        """Carry out the physics of ``command``, served from ``start_ps`` to ``end_ps``, and return the outcome.

        Phases take effect at the end of SetPhases; light meets the mesh when its symbols begin. Raises
        ``DivergedError`` when a reading is not finite.
        """
        return self._finish[type(command)](command, start_ps, end_ps)

    def _begin_set_phases(self, command: SetPhases) -> Service:
        heaters, radians = command.heaters, command.radians
        count = len(heaters)
        if len(radians) != count:
            raise CommandError(f"SetPhases: {count} heaters but {len(radians)} phases; give one phase each")
        active = self._active
        heater: object = None
        phase: object = None
        try:
            for heater, phase in zip(heaters, radians, strict=True):
                if heater < 0 or not active[heater] or not math.isfinite(phase):
                    raise self._refusal(heater, phase)
        except (IndexError, TypeError):
            raise self._refusal(heater, phase) from None
        known = self._setpoint_services.get(count)
        if known is not None:
            return known
        self._setpoint_services[count] = service = self._service("set_phases", (("heaters", count),))
        return service

    def _refusal(self, heater: object, phase: object) -> CommandError:
        """Say what is wrong with one setting."""
        known = (
            isinstance(heater, int | np.integer) and 0 <= heater < len(self._active) and self._active[heater]
        )
        if not known:
            return CommandError(f"SetPhases: device {heater!r} is not an active heater of this chip")
        return CommandError(f"SetPhases: phase {phase!r} of heater {heater} is not finite")

    def _begin_settle(self, command: Settle) -> Service:
        asked_ps = command.duration_ps
        known = self._settle_services.get(asked_ps)
        if known is not None:
            return known
        duration_ps = self._settle_ps if asked_ps is None else asked_ps
        if type(duration_ps) is not int or duration_ps < 0:
            raise CommandError(
                f"Settle: duration_ps={duration_ps!r} is not a non-negative int of picoseconds"
            )
        plan = self._settle_plans[asked_ps is not None]
        service = Service(duration_ps, plan, (("heaters", "settling", duration_ps),))
        self._settle_services[asked_ps] = service
        return service

    def _finish_settle(self, command: Settle, start_ps: int, end_ps: int) -> Outcome:
        duration_ps = end_ps - start_ps
        return Settled(duration_ps), -1, float(duration_ps), 0.0

    def _finish_set_phases(self, command: SetPhases, start_ps: int, end_ps: int) -> Outcome:
        single = len(command.heaters) == 1
        target, value = -1, 0.0
        if single:
            target, value = command.heaters[0], command.radians[0]
            heaters, radians = self._one_heater, self._one_phase
            heaters[0], radians[0] = target, value
        else:
            heaters = np.array(command.heaters, dtype=np.int64)
            radians = np.array(command.radians, dtype=np.float64)
            self._recorder.setpoints(heaters, radians)
        self.core.drive(heaters, radians, end_ps - self._heat_time_ps)
        self._heat_time_ps = end_ps
        power_w = self.core.heater_power_w
        self._meter.set(self._heaters, end_ps, power_w)
        return PhasesSet(power_w), target, value, power_w

    def _begin_forward(self, command: Forward) -> Service:
        batch = command.batch
        upload = batch.key != self._loaded
        if upload or batch.inputs is not self._loaded_inputs:
            self._check_batch(batch, upload)
        key = (batch.inputs.shape[0], upload)
        known = self._forward_services.get(key)
        if known is None:
            known = self._forward_services[key] = self._forward_service(*key)
        self._symbols_ps = known[1]
        return known[0]

    def _forward_service(self, samples: int, upload: bool) -> tuple[Service, int]:
        """Return the service of a query of ``samples``, and how long after its start the light is sent."""
        layers = self.core.layers
        work: Work = (
            ("samples", samples),
            ("upload", int(upload)),
            ("modes", layers[0].inputs),
            ("classes", layers[-1].outputs),
            ("layers", len(layers)),
        )
        service = self._service("forward", work)
        before = [step[:2] for step in service.steps].index(LIGHT)
        return service, sum(step[2] for step in service.steps[:before])

    def _finish_forward(self, command: Forward, start_ps: int, end_ps: int) -> Outcome:
        core, batch = self.core, command.batch
        if batch.key != self._loaded:
            self._load(batch)
        light_ps = start_ps + self._symbols_ps
        outputs, saturated, total = core.read(self.queries, light_ps - self._heat_time_ps)
        self._heat_time_ps = light_ps
        self.queries += 1
        if not math.isfinite(total):
            raise DivergedError(f"chip: query {self.queries} read a value that is not finite")
        return Reading(outputs, saturated), batch.key, 0.0, total

    def _check_batch(self, batch: Batch, upload: bool) -> None:
        modes, limit, shape = self.core.layers[0].inputs, self._config.activation_clip, batch.inputs.shape
        if len(shape) != 2 or shape[1] != modes or shape[0] == 0:
            raise CommandError(f"Forward: inputs have shape {shape}; the chip takes (samples >= 1, {modes})")
        if not upload and shape != self._loaded_inputs.shape:
            raise CommandError(
                f"Forward: batch {batch.key} has shape {shape}, but was {self._loaded_inputs.shape} before"
            )
        if not (np.abs(batch.inputs) <= limit).all():
            raise CommandError(
                f"Forward: batch {batch.key} holds inputs beyond the modulators' range of +-{limit:g}"
            )

    def _load(self, batch: Batch) -> None:
        self.core.load(batch.inputs)
        self._loaded, self._loaded_inputs = batch.key, batch.inputs
        self._recorder.batch(batch.key, batch.samples)

    def _service(self, kind: str, work: Work) -> Service:
        steps = chip_steps(self._config, kind, dict(work))
        return Service(sum(step[2] for step in steps), self._recorder.plan(steps, work), steps)
