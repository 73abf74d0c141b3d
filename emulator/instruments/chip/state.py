"""The chip's state: phases, temperatures and light of one fabricated chip; it knows no clock and no meter.

Time comes in as numbers of picoseconds that have passed. What an instrument could not know (the true gamma of
each device) is drawn here from named streams and is reachable by tests and reports only.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError
from emulator.instruments.chip.config import ChipConfig, HeaterConfig
from emulator.physics.chip import converters, floorplan, heaters, laser, photodetector
from emulator.physics.chip import query as circuit
from emulator.physics.chip.layers import ReceiverParameters, Tape, forward, make_tape, reload_tape
from emulator.physics.chip.mesh import LayerPhases
from emulator.physics.chip.tape import LayerMap, layer_map, propagate_plain
from emulator.streams import key_words, stream
from emulator.units import PS_PER_S, db_to_amplitude

__all__ = ["ChipCore", "Design", "device_gains"]

Floats = NDArray[np.float64]

_RESUM_EVERY = 1024  # commands after which the running sum of driven phases is taken anew


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Say what was taped out: the phases of every layer, and which devices are active (have a heater).

    ``active`` (devices,) follows the device order: layer by layer, V* in light order, Sigma, U in light order.
    Active heaters start at their design phase; passive devices have it built in. Raises ``ConfigError`` when
    the shapes do not agree.
    """

    layers: tuple[LayerPhases, ...]
    active: NDArray[np.bool_]

    def __post_init__(self) -> None:
        """Check that layers chain and that ``active`` covers all devices."""
        devices = sum(layer.count for layer in self.layers)
        if self.active.shape != (devices,):
            raise ConfigError(
                f"design: active has shape {self.active.shape}, but the layers have {devices} phases"
            )
        for left, right in zip(self.layers, self.layers[1:], strict=False):
            if left.shape[0] != right.shape[1]:
                raise ConfigError(
                    f"design: a layer with {left.shape[0]} outputs feeds one with {right.shape[1]} inputs"
                )

    def phases(self) -> Floats:
        """Return the design phases of all devices, (devices,), in [0, 2 pi)."""
        return np.concatenate([layer.flat() for layer in self.layers])


def device_gains(config: HeaterConfig, devices: int, rng: np.random.Generator) -> Floats:
    """Draw gamma_i/gamma for every device, (devices,): a normal spread cut off at ``truncation_sigma``."""
    deviations = rng.standard_normal(devices)
    while (outside := np.abs(deviations) > config.truncation_sigma).any():
        deviations[outside] = rng.standard_normal(int(outside.sum()))
    scale = config.gamma_rad_per_v2 if config.sigma_kind == "absolute" else 1.0
    return np.asarray(1.0 + config.sigma_gamma / scale * deviations)


class ChipCore:
    """One fabricated chip, settled at its design phases; ``seed`` fixes its device variations and its noise."""

    def __init__(self, config: ChipConfig, design: Design, seed: int) -> None:
        self.config = config
        self.design = design
        mesh = config.mesh
        self.layers = tuple(layer_map(p, mesh.sigma_max, mesh.shape, mesh.rotation) for p in design.layers)
        self._loss = db_to_amplitude(mesh.insertion_loss_db)
        self._is_sigma = np.concatenate([_sigma_mask(layer) for layer in self.layers])
        self._gain = _loss_gains(self.layers, design, self._loss)
        self.receivers = _receivers(config, self.layers, self._gain)
        self._receiver_rows = np.array([receiver.row() for receiver in self.receivers])
        ideal_sigma = self._is_sigma & (config.heaters.sigma_devices == "ideal")
        gains = device_gains(config.heaters, design.active.size, stream(seed, "chip/gamma"))
        self._dead = _dead_heaters(config.heaters.dead, design.active)
        gains = np.where(self._dead, 0.0, np.where(ideal_sigma, 1.0, gains))
        self._drivers = np.stack([gains, np.zeros(gains.size)])
        heated = design.active | config.heaters.passive_aggressors
        self._coupling = _coupling(config.heaters, self.layers, heated, ideal_sigma)
        self._devices = _device_table(self.layers, ~ideal_sigma & design.active)
        self._any_dead = bool(self._dead.any())
        self._dac = np.array(_dac_steps(config))
        self._dynamic = config.heaters.dynamics == "dynamic"
        self._tau_ps = config.heaters.tau_s * PS_PER_S
        self._substrate_tau_ps = config.heaters.substrate_tau_s * PS_PER_S
        self._substrate = config.heaters.substrate_coupling
        self._w_per_rad = config.heaters.p_pi_w / math.pi
        self._noise_key = key_words(seed, "chip/receiver")
        self._observer_key = key_words(seed, "chip/observer")
        self._optics = self._new_optics()
        self._start(heated)

    def _start(self, heated: NDArray[np.bool_]) -> None:
        """Settle the chip at its design phases, as driven through the DACs."""
        phases = self.design.phases()
        steps = self._dac
        for device in np.flatnonzero(self._devices[circuit.HAS_DAC]).tolist():
            phases[device] = converters.dac_phase(phases[device], steps[0], steps[1], steps[2])
        self._drivers[circuit.DRIVEN] = np.where(self.design.active & ~self._dead, phases, 0.0)
        heat = phases * self._drivers[circuit.GAIN]
        static = np.where(heated, 0.0, heat)
        if self._dynamic:
            self.thermal = heaters.initial_state(static, np.where(heated, heat, 0.0), self._coupling)
        else:
            self.thermal = heaters.initial_state(static, np.zeros_like(heat), self._coupling)
            c = self._coupling
            for device in np.flatnonzero(heated).tolist():
                heaters.set_heat_instantly(
                    self.thermal.values,
                    self.thermal.lists,
                    c.start,
                    c.victims,
                    c.weights,
                    device,
                    heat[device],
                )
        self.driven_rad = float(self._drivers[circuit.DRIVEN].sum())
        self._drives = 0
        self._common_rad = self._common_target_rad
        self._tape: Tape | None = None
        self._light_common_rad = self._common_rad
        self._refresh_all(self.thermal, self._optics, self._common_rad)
        t, c = self.thermal, self._coupling
        self._drive_arguments = (
            t.values, t.lists, c.start, c.victims, c.weights, c.norm, self._drivers, self._devices, self._dac,
            self._dynamic,
        )  # fmt: skip

    @property
    def _common_target_rad(self) -> float:
        return self._substrate * self.driven_rad

    @property
    def heater_power_w(self) -> float:
        """Return what all active heaters draw now: sum of driven phase mod 2 pi, times P_pi / pi."""
        return max(0.0, self.driven_rad) * self._w_per_rad

    def drive(self, heater_ids: NDArray[np.int64], radians: Floats, passed_ps: int) -> None:
        """Drive heaters (n,) to phases (n,), ``passed_ps`` after the last call of ``drive`` or ``read``."""
        if self._substrate:
            self._common_rad = self._substrate_after(passed_ps)
        if self._any_dead:
            alive = ~self._dead[heater_ids]
            heater_ids, radians = heater_ids[alive], radians[alive]
        self.driven_rad += circuit.drive(
            *self._drive_arguments, heater_ids, radians, passed_ps / self._tau_ps
        )
        self._drives += 1
        if self._drives % _RESUM_EVERY == 0:
            self.driven_rad = float(self._drivers[circuit.DRIVEN].sum())

    def load(self, inputs: Floats) -> None:
        """Put ``inputs`` (samples, modes), quantised by the modulators, on the first layer's waveguides."""
        columns = self._modulated(inputs)
        known = self._tape
        self._tape = (
            make_tape(self.layers, columns) if known is None else reload_tape(known, self.layers, columns)
        )
        if self._tape is not known:
            t, c, tape = self.thermal, self._coupling, self._tape
            self._read_arguments = (
                t.values, t.lists, c.start, c.victims, c.weights, c.norm, self._optics, self._devices, tape.table,
                tape.checkpoints, tape.changed, tape.light, tape.matrices, self._receiver_rows, tape.activations,
                tape.noise, *self._noise_key,
            )  # fmt: skip

    def read(self, draw: int, passed_ps: int) -> tuple[Floats, int, float]:
        """Send the loaded inputs through the chip, ``passed_ps`` after the last call of ``drive`` or ``read``.

        Returns the outputs (samples, classes), the number of saturated conversions and the sum of the outputs.
        """
        if self._tape is None:
            raise ConfigError("chip: nothing is loaded; call load(inputs) before read()")
        everywhere = False
        if self._substrate:
            self._common_rad = self._substrate_after(passed_ps)
            everywhere = self._common_rad != self._light_common_rad
            self._light_common_rad = self._common_rad
        outputs = np.empty((self._tape.count, self.layers[-1].outputs))
        saturated, total = circuit.read(
            *self._read_arguments, outputs, passed_ps / self._tau_ps, self._common_rad, everywhere, draw
        )
        return outputs, saturated, total

    def observe(self, inputs: Floats, draw: int, passed_ps: int) -> Floats:
        """Return what ``inputs`` (samples, modes) would read now; no state changes and no noise is used up."""
        t, c = self.thermal, self._coupling
        thermal = heaters.ThermalState(t.values.copy(), t.lists.copy())
        heaters.advance(
            thermal.values, thermal.lists, c.start, c.victims, c.weights, c.norm, passed_ps / self._tau_ps
        )
        optics = self._new_optics()
        self._refresh_all(thermal, optics, self._substrate_after(passed_ps))
        tape = make_tape(self.layers, self._modulated(inputs), checkpoints=False)
        outputs = np.empty((tape.count, self.layers[-1].outputs))
        forward(
            tape.table, tape.checkpoints, self._devices[circuit.UPPER], optics[circuit.COS], optics[circuit.SIN],
            tape.changed, tape.light, tape.matrices, self._receiver_rows, tape.activations, tape.noise, outputs,
            draw, *self._observer_key,
        )  # fmt: skip
        return outputs

    def phases(self) -> Floats:
        """Return the phases that heat makes at this instant (devices,): the truth, for tests and reports."""
        return np.asarray(self.thermal.phases() + self._common_rad)

    def driven_phases(self) -> Floats:
        """Return the phases that the DACs drive at nominal gamma (devices,); 0 at passive devices."""
        return np.array(self._drivers[circuit.DRIVEN])

    @property
    def receiver_key(self) -> tuple[int, int]:
        """Return the key of the receivers' noise stream, for the oracle."""
        return self._noise_key

    @property
    def loss_amplitude(self) -> float:
        """Return the field amplitude that one rotator passes on."""
        return self._loss

    def _modulated(self, inputs: Floats) -> Floats:
        step = converters.input_step(self.config.inputs.bits, self.config.activation_clip)
        columns = np.ascontiguousarray(inputs.T)
        if step == 0.0:
            return columns
        stepped: Floats = np.floor(columns * (1.0 / step) + 0.5) * step
        return stepped

    def _substrate_after(self, passed_ps: int) -> float:
        if self._substrate == 0.0:
            return 0.0
        steps = passed_ps / self._substrate_tau_ps
        return heaters.substrate_step(self._common_rad, self._common_target_rad, steps)

    def _new_optics(self) -> Floats:
        optics = np.zeros((5, self.design.active.size))
        sense = np.concatenate([layer.sense for layer in self.layers])
        gain = np.concatenate(
            [np.full(layer.devices, g) for layer, g in zip(self.layers, self._gain, strict=True)]
        )
        optics[circuit.COS_FACTOR] = np.where(self._is_sigma, sense * gain, self._loss)
        optics[circuit.SIN_FACTOR] = np.where(self._is_sigma, 0.0, sense * self._loss)
        return optics

    def _refresh_all(self, thermal: heaters.ThermalState, optics: Floats, common_rad: float) -> None:
        phases = thermal.phases() + common_rad
        optics[circuit.APPLIED] = phases
        optics[circuit.COS] = optics[circuit.COS_FACTOR] * np.cos(phases)
        optics[circuit.SIN] = optics[circuit.SIN_FACTOR] * np.sin(phases)


def _sigma_mask(layer: LayerMap) -> NDArray[np.bool_]:
    mask = np.zeros(layer.devices, dtype=np.bool_)
    mask[layer.sigma_first : layer.u_first] = True
    return mask


def _loss_gains(layers: tuple[LayerMap, ...], design: Design, loss: float) -> list[float]:
    """Return each layer's receiver gain: it restores the Frobenius norm that insertion loss took away."""
    if loss == 1.0:
        return [1.0] * len(layers)
    gains = []
    for layer, phases in zip(layers, design.layers, strict=True):
        unit = np.eye(layer.inputs)
        full, lossy = (propagate_plain(unit, layer, phases.flat(), amplitude) for amplitude in (1.0, loss))
        gains.append(float(np.linalg.norm(full) / np.linalg.norm(lossy)))
    return gains


def _receivers(
    config: ChipConfig, layers: tuple[LayerMap, ...], gains: list[float]
) -> tuple[ReceiverParameters, ...]:
    rows = []
    receiver, clip = config.receiver, config.activation_clip
    for index, (layer, gain) in enumerate(zip(layers, gains, strict=True)):
        last = index == len(layers) - 1
        light = laser.light_budget(
            config.laser.power_w, len(layers) * config.inputs.wavelengths, config.laser.oscillator_fraction,
            layer.inputs, layer.outputs, clip,
        )  # fmt: skip
        noise = photodetector.detector_noise(
            light.signal_unit_w, light.oscillator_w, receiver.responsivity_a_per_w, receiver.bandwidth_hz,
            receiver.thermal_noise_a_per_sqrt_hz, receiver.shot_noise,
        )  # fmt: skip
        full_scale = receiver.full_scale_output if last else receiver.full_scale_hidden
        rows.append(
            ReceiverParameters(
                constant=noise.constant * gain**2 / receiver.averages,
                per_square=noise.per_square / receiver.averages,
                full_scale=full_scale if receiver.adc_bits else np.inf,
                step=converters.adc_step(receiver.adc_bits, full_scale),
                low=-np.inf if last else 0.0,
                high=np.inf if last else clip,
                input_step=0.0 if last else converters.input_step(config.inputs.bits, clip),
            )
        )
    return tuple(rows)


def _dead_heaters(dead: tuple[int, ...], active: NDArray[np.bool_]) -> NDArray[np.bool_]:
    for device in dead:
        if device >= active.size or not active[device]:
            where = f"0..{active.size - 1}, with a heater"
            raise ConfigError(f"chip.heaters.dead: device {device} has no heater; allowed: devices {where}")
    mask = np.zeros(active.size, dtype=np.bool_)
    mask[list(dead)] = True
    return mask


def _coupling(
    config: HeaterConfig, layers: tuple[LayerMap, ...], heated: NDArray[np.bool_], isolated: NDArray[np.bool_]
) -> floorplan.Coupling:
    if config.coupling == "omega":
        strengths = floorplan.adjacent_strengths(config.omega)
    else:
        strengths = floorplan.spaced_strengths(
            config.stage_pitch_m,
            config.pair_pitch_m,
            config.reach_m,
            config.contact_coupling,
            config.decay_per_m,
        )
    sites = [floorplan.layer_sites(layer.v, layer.rank, layer.u) for layer in layers]
    return floorplan.couple(sites, heated, strengths, isolated)


def _device_table(layers: tuple[LayerMap, ...], has_dac: NDArray[np.bool_]) -> NDArray[np.int64]:
    upper = np.concatenate([layer.upper for layer in layers])
    numbers = np.repeat(np.arange(len(layers)), [layer.devices for layer in layers])
    return np.stack([upper, numbers, has_dac.astype(np.int64)])


def _dac_steps(config: ChipConfig) -> tuple[float, float, float]:
    """Return the DAC's step in radians, its step in volts (0 where unused) and gamma."""
    dac, gamma = config.dac, config.heaters.gamma_rad_per_v2
    if dac.bits == 0 or dac.domain == "phase":
        return converters.phase_step_rad(dac.bits), 0.0, gamma
    return 0.0, dac.v_max_v / (2**dac.bits - 1), gamma
