"""The chip's state: phases, temperatures and light of one fabricated chip; it knows no clock and no meter.

Time comes in as numbers of picoseconds that have passed. What an instrument could not know (the true gamma of
each device) is reachable by tests and reports only.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError
from emulator.instruments.chip import fabrication
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.chip.fabrication import Design, device_gains
from emulator.instruments.chip.hidden.hidden import Hidden, Parts
from emulator.instruments.chip.sequencing.visits import (
    Rule,
    Sequenced,
    Visits,
    check_decidable,
    no_events,
    targets_of,
)
from emulator.physics.chip import converters, heaters
from emulator.physics.chip.kernels import circuit as c
from emulator.physics.chip.kernels import query, sequence
from emulator.physics.chip.kernels.arena import Tape, make_tape, no_tape, reload_tape, seen_at_once
from emulator.physics.chip.kernels.circuit import Circuit, handle_of
from emulator.physics.chip.kernels.sequence import Pace
from emulator.physics.chip.kernels.tape import layer_map
from emulator.streams import key_words, stream
from emulator.units import PS_PER_S

__all__ = ["ChipCore", "Design", "Rule", "Sequenced", "Visits", "device_gains"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_PART_BITS: Final = 40
"""An observer that looks in parts has noise numbers beyond those of all queries."""


class ChipCore:
    """One fabricated chip, settled at its design phases; ``seed`` fixes its device variations and its noise."""

    def __init__(self, config: ChipConfig, design: Design, seed: int) -> None:
        self.config = config
        self.design = design
        mesh = config.mesh
        self.layers = tuple(
            layer_map(phases, mesh.sigma_max, mesh.shape, mesh.rotation, feed)
            for phases, feed in zip(design.layers, design.feeds, strict=True)
        )
        self._loss = fabrication.rotator_amplitude(config)
        self.gains = fabrication.loss_gains(self.layers, design, self._loss)
        self.receivers = fabrication.receiver_parameters(config, self.layers, self.gains, design.feeds)
        self._receiver_rows = np.array([receiver.row() for receiver in self.receivers])
        is_sigma = np.concatenate([fabrication.sigma_mask(layer) for layer in self.layers])
        ideal_sigma = is_sigma & (config.heaters.sigma_devices == "ideal")
        gains = device_gains(config.heaters, design.active.size, stream(seed, "chip/gamma"))
        dead = fabrication.dead_heaters(config.heaters.dead, design.active)
        made = np.where(ideal_sigma, 1.0, gains)
        self.drivers = np.stack([np.where(dead, 0.0, made), np.zeros(gains.size)])
        heated = design.active | config.heaters.passive_aggressors
        self.coupling = fabrication.thermal_coupling(config.heaters, self.layers, heated, ideal_sigma)
        self._devices = fabrication.device_table(self.layers, ~ideal_sigma & design.active, dead)
        self._constants = self._new_constants()
        self.w_per_rad = config.heaters.p_pi_w / math.pi  # what heaters draw for a radian of driven phase
        self._noise_key = key_words(seed, "chip/receiver")
        self._observer_key = key_words(seed, "chip/observer")
        self._optics = fabrication.fresh_optics(self.layers, self.gains, self._loss)
        self._tape: Tape | None = None
        self._start(heated, dead, made)

    def _new_constants(self) -> Floats:
        config = self.config.heaters
        constants = np.zeros(12)
        constants[c.NORM] = self.coupling.norm
        constants[c.TAU_PS] = config.tau_s * PS_PER_S
        constants[c.DYNAMIC] = config.dynamics == "dynamic"
        constants[c.SUBSTRATE] = config.substrate_coupling
        constants[c.SUBSTRATE_TAU_PS] = config.substrate_tau_s * PS_PER_S
        constants[c.DAC_STEP_RAD : c.GAMMA + 1] = fabrication.dac_steps(self.config)
        return constants

    def _start(self, heated: NDArray[np.bool_], dead: NDArray[np.bool_], made: Floats) -> None:
        """Settle the chip at its design phases, as driven through the DACs; ``made`` are its gamma_i/gamma."""
        phases = self.design.phases()
        steps = self._constants[c.DAC_STEP_RAD : c.GAMMA + 1].tolist()
        for device in np.flatnonzero(self._devices[c.HAS_DAC]).tolist():
            phases[device] = converters.dac_phase(phases[device], *steps)
        self.drivers[c.DRIVEN] = np.where(self.design.active & ~dead, phases, 0.0)
        heat = phases * self.drivers[c.GAIN]
        static = np.where(heated, 0.0, heat)
        settle = heaters.initial_state if self._constants[c.DYNAMIC] else heaters.jumped_state
        self.thermal = settle(static, np.where(heated, heat, 0.0), self.coupling)
        driven_rad = float(self.drivers[c.DRIVEN].sum())
        common_rad = self.config.heaters.substrate_coupling * driven_rad
        self._sums = np.array([driven_rad, common_rad, common_rad, 0.0, 1.0])
        self.hidden = Hidden(
            Parts(
                self.config, self.design, self.layers, self.gains, made, self.drivers, self._devices,
                self._constants, self._receiver_rows, self.thermal, self.coupling,
            ),
            dead,
        )  # fmt: skip
        self._refresh_all(self.thermal, self._optics, common_rad)
        self._connect(no_tape())

    def _connect(self, tape: Tape) -> None:
        """Let the kernels know the chip with the light of ``tape``."""
        t, k = self.thermal, self.coupling
        batch = np.array([*self._noise_key, tape.count], dtype=np.int64)
        self._circuit = Circuit(
            t.values, t.lists, k.start, k.victims, k.weights, self.drivers, self._devices, self._optics,
            self._sums, self._constants, batch, self._receiver_rows, tape.table, tape.checkpoints, tape.changed,
            tape.light, tape.activations, tape.terms, tape.sums, tape.middle, tape.noise, tape.feeds, tape.patch,
            self.hidden.responses, self.hidden.scratch,
        )  # fmt: skip
        self._handle = handle_of(self._circuit)

    @property
    def driven_rad(self) -> float:
        """Return the sum of all driven phases, mod 2 pi each, in radians."""
        return float(self._sums[c.DRIVEN_RAD])

    @property
    def heater_power_w(self) -> float:
        """Return what all active heaters draw now: sum of driven phase mod 2 pi, times P_pi / pi."""
        return max(0.0, self.driven_rad) * self.w_per_rad

    def drive(self, heater_ids: Ints, radians: Floats, passed_ps: int) -> None:
        """Drive heaters (n,) to phases (n,), ``passed_ps`` after the last event: a setting, or light."""
        query.drive(self._handle, heater_ids, radians, passed_ps)

    def pass_time(self, passed_ps: int) -> None:
        """Let heat flow until ``passed_ps`` after the last event, which is then this one."""
        query.drive(self._handle, np.empty(0, dtype=np.int64), np.empty(0), passed_ps)

    def load(self, inputs: Floats) -> None:
        """Put ``inputs`` (samples, values), quantised by the modulators, on the first layer's waveguides."""
        columns = self.modulated(inputs)
        known = self._tape
        self._tape = (
            make_tape(self.layers, columns) if known is None else reload_tape(known, self.layers, columns)
        )
        if self._tape is not known:
            self._connect(self._tape)

    def read(self, draw: int, passed_ps: int) -> tuple[Floats, int, float]:
        """Send the loaded inputs through the chip, ``passed_ps`` after the last event: a setting, or light.

        Returns the outputs (samples, classes), the number of saturated conversions and the sum of the outputs.
        """
        outputs = np.empty(self._reading_shape("read"))
        saturated, total = query.read(self._handle, outputs, passed_ps, draw)
        return outputs, saturated, total

    def probe(
        self, heater_ids: int | Ints, radians: float | Floats, set_ps: int, light_ps: int, draw: int
    ) -> tuple[Floats, int, float]:
        """Drive and read in one call; the same bits as ``drive(..., set_ps)`` and then ``read(draw, light_ps)``.

        One heater may be given as an int and a float, which is fastest, else heaters (n,) int64 and phases (n,).
        ``set_ps`` passes from the last event to the setting, ``light_ps`` from there to the light. Returns what
        ``read`` returns; ``heater_power_w`` is then that of the new setting.
        """
        outputs = np.empty(self._reading_shape("probe"))
        kernel = query.probe if isinstance(heater_ids, np.ndarray) else query.probe_one
        saturated, total = kernel(self._handle, heater_ids, radians, set_ps, light_ps, outputs, draw)  # type: ignore[arg-type]
        return outputs, saturated, total

    def sequence(
        self,
        visits: Visits,
        rule: Rule,
        labels: Ints | Floats | None,
        pace: Pace,
        draw: int,
        most: int = 2**62,
        keep_outputs: bool = False,
    ) -> Sequenced:
        """Carry out a whole sequence in one call; the same bits as ``drive``, ``read`` and the loss, one by one.

        The batch was loaded before; ``labels``, (samples,) int64 or values (samples, outputs) float64, are
        needed by rules that decide, and give the events their losses (else NaN). Readings have the noise numbers
        ``draw``, ``draw`` + 1, ...

        "none": every visit sets its k heaters and reads; nothing is decided, and there is no reading before.
        The others: one reading before all visits gives the reference loss. A visit sets its heater to try and
        reads; a loss below the reference is accepted and becomes the reference. Else, if pruned, the heater is set
        home without a reading. Else it is set back and read: with "step_back" that loss becomes the reference, with
        "three_point" only if it is below the reference, and otherwise the heater is set home. "best_of_both" reads
        back after every try, unless pruned, and takes the lower loss of the two, that of the try where they tie.
        At most ``most`` readings are made (at least the first): no visit begins after them, and a heater that may
        not be read once more after a failed try is set home. Raises ``ConfigError`` when arguments do not fit.
        """
        shape = self._reading_shape("sequence")
        known, values = targets_of(labels)
        count = len(visits.heaters)
        times = np.array(pace, dtype=np.int64)
        if rule == "none":
            ints, floats = no_events(count)
            outputs = np.empty((count if keep_outputs else 0, *shape))
            sequence.blind(
                self._handle,
                visits.heaters,
                visits.try_rad,
                known,
                values,
                times,
                draw,
                outputs,
                ints,
                floats,
            )
            last = float(floats[-1, sequence.LOSS]) if count else math.nan
            return Sequenced(ints, floats, outputs if keep_outputs else None, last, count, 0, 0, 0, count)
        check_decidable(visits, rule, known if labels is None else labels, shape[0], most)
        candidates = np.empty((3, count))
        candidates[0], candidates[1], candidates[2] = visits.try_rad[:, 0], visits.back_rad, visits.home_rad
        ints, floats = no_events(1 + 3 * count)
        counts = np.zeros(5, dtype=np.int64)
        happened, reference = sequence.descend(
            self._handle, sequence.RULES.index(rule), np.ascontiguousarray(visits.heaters[:, 0]), candidates,
            visits.pruned, known, values, most, times, draw, ints, floats, counts,
        )  # fmt: skip
        return Sequenced(ints[:happened], floats[:happened], None, reference, *counts.tolist())

    def observe_settled(self, inputs: Floats, draw: int, heater_ids: Ints, radians: Floats) -> Floats:
        """Return what ``inputs`` would read with heaters (n,) driven to phases (n,), and all heat settled.

        Like ``observe``, it changes no state and uses up no noise; heaters that are not named stay as driven.
        """
        trial = self._driven_apart(heater_ids, radians)
        trial.values[heaters.DEVIATION] = 0.0
        common_rad = self._constants[c.SUBSTRATE] * trial.sums[c.DRIVEN_RAD]
        return self._seen(inputs, draw, heaters.ThermalState(trial.values, trial.lists), common_rad)

    def driven_at(self, heater_ids: Ints, radians: Floats) -> Floats:
        """Return what ``driven_phases`` would be with heaters (n,) driven to phases (n,)."""
        return np.asarray(self._driven_apart(heater_ids, radians).drivers[c.DRIVEN])

    def _driven_apart(self, heater_ids: Ints, radians: Floats) -> Circuit:
        """Return a copy of the circuit, without light of its own, with heaters driven by the kernel that drives."""
        t = self.thermal
        trial = self._circuit._replace(
            values=t.values.copy(), lists=t.lists.copy(), drivers=self.drivers.copy(), sums=self._sums.copy()
        )
        query.drive(handle_of(trial), heater_ids, radians, 0)
        return trial

    def observe(self, inputs: Floats, draw: int, passed_ps: int) -> Floats:
        """Return what ``inputs`` (samples, values) would read now; no state changes and no noise is used up."""
        t, k, constants = self.thermal, self.coupling, self._constants
        thermal = heaters.ThermalState(t.values.copy(), t.lists.copy())
        steps = passed_ps / constants[c.TAU_PS]
        heaters.advance(thermal.values, thermal.lists, k.start, k.victims, k.weights, k.norm, steps)
        common_rad, coupling = self._sums[c.COMMON_RAD], constants[c.SUBSTRATE]
        if coupling != 0.0:
            steps = passed_ps / constants[c.SUBSTRATE_TAU_PS]
            common_rad = heaters.substrate_step(common_rad, coupling * self.driven_rad, steps)
        return self._seen(inputs, draw, thermal, common_rad)

    def _seen(self, inputs: Floats, draw: int, thermal: heaters.ThermalState, common_rad: float) -> Floats:
        """Return what an observer reads of ``inputs`` at the temperatures of ``thermal``."""
        optics = fabrication.fresh_optics(self.layers, self.gains, self._loss)
        self._refresh_all(thermal, optics, common_rad + self._constants[c.SUBSTRATE_DRIFT_RAD])
        outputs = np.empty((len(inputs), self.layers[-1].outputs))
        at_once = seen_at_once(self.design.feeds, len(inputs))
        for part, first in enumerate(range(0, len(inputs), at_once)):
            rows = slice(first, first + at_once)
            tape = make_tape(self.layers, self.modulated(inputs[rows]), checkpoints=False)
            own = self._circuit._replace(
                optics=optics, batch=np.array([*self._observer_key, tape.count], dtype=np.int64), table=tape.table,
                checkpoints=tape.checkpoints, changed=tape.changed, light=tape.light, activations=tape.activations,
                terms=tape.terms, lines=tape.sums, middle=tape.middle, noise=tape.noise, feeds=tape.feeds,
                patch=tape.patch, sums=self._sums.copy(),
            )  # fmt: skip
            query.look(handle_of(own), outputs[rows], draw + (part << _PART_BITS))
        return outputs

    def phases(self) -> Floats:
        """Return the phases that heat makes at this instant (devices,): the truth, for tests and reports."""
        common_rad = self._sums[c.COMMON_RAD] + self._constants[c.SUBSTRATE_DRIFT_RAD]
        return np.asarray(self.thermal.phases() + common_rad)

    def driven_phases(self) -> Floats:
        """Return the phases that the DACs drive at nominal gamma (devices,); 0 at passive devices."""
        return np.array(self.drivers[c.DRIVEN])

    @property
    def receiver_key(self) -> tuple[int, int]:
        """Return the key of the receivers' noise stream, for the oracle."""
        return self._noise_key

    @property
    def loss_amplitude(self) -> float:
        """Return the field amplitude that one rotator passes on."""
        return self._loss

    @property
    def reference(self) -> float:
        """Return the laser's relative power in the last reading, as a photodiode beside the chip tells it."""
        return float(self._sums[c.LIGHT_LASER])

    def check_disturbance(self, name: str, index: int, value: float) -> None:
        """Raise ``CommandError`` unless ``disturb`` can do this."""
        self.hidden.check(name, index, value)

    def disturb(self, name: str, index: int, value: float, passed_ps: int) -> None:
        """Change hidden state (``hidden.states``), ``passed_ps`` after the last event; heat and light follow."""
        self.pass_time(passed_ps)
        self.hidden.change(name, index, value, self._sums)

    def _reading_shape(self, what: str) -> tuple[int, int]:
        if self._tape is None:
            raise ConfigError(f"chip: nothing is loaded; call load(inputs) before {what}()")
        return self._tape.count, self.layers[-1].outputs

    def modulated(self, inputs: Floats) -> Floats:
        """Return ``inputs`` (samples, modes) as the modulators send them, in columns (modes, samples)."""
        step = converters.input_step(self.config.inputs.bits, self.config.activation_clip)
        if inputs.dtype not in (np.float32, np.float64):
            inputs = inputs.astype(np.float64)
        if step == 0.0:
            return np.array(inputs.T, order="C")
        columns = np.empty(inputs.shape[::-1], dtype=inputs.dtype)
        converters.modulate(inputs, step, columns)
        return columns

    def _refresh_all(self, thermal: heaters.ThermalState, optics: Floats, common_rad: float) -> None:
        phases = thermal.phases() + common_rad
        optics[c.APPLIED] = phases
        optics[c.COS] = optics[c.COS_FACTOR] * np.cos(phases)
        optics[c.SIN] = optics[c.SIN_FACTOR] * np.sin(phases)
