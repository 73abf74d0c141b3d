"""What a chip is made of: its design, the spread of its devices, its receivers, and which heaters warm which.

What an instrument could not know (the true gamma of each device) is drawn here from named streams.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError
from emulator.instruments.chip.config import ChipConfig, HeaterConfig
from emulator.instruments.chip.noise.term import Receiver
from emulator.instruments.chip.timing import patches_of
from emulator.physics.chip import converters, floorplan, laser, photodetector
from emulator.physics.chip.kernels.circuit import COS_FACTOR, SIN_FACTOR
from emulator.physics.chip.kernels.layers import ReceiverParameters
from emulator.physics.chip.kernels.tape import LayerMap, loss_gain
from emulator.physics.chip.mesh import LayerPhases
from emulator.physics.chip.monitors import tap_amplitude
from emulator.physics.chip.patches import Patches, chained
from emulator.units import db_to_amplitude

__all__ = [
    "Design",
    "Ports",
    "check_dead",
    "dac_steps",
    "dead_heaters",
    "device_gains",
    "device_table",
    "fresh_optics",
    "heater_strengths",
    "loss_gains",
    "receiver_parameters",
    "rotator_amplitude",
    "sigma_mask",
    "thermal_coupling",
]

Floats = NDArray[np.float64]


class Ports(NamedTuple):
    """Hold how many waveguides lead into and out of a layer."""

    inputs: int
    outputs: int


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Say what was taped out: the phases of every layer, and which devices are active (have a heater).

    ``active`` (devices,) follows the device order: layer by layer, V* in light order, Sigma, U in light order.
    Active heaters start at their design phase; passive devices have it built in. ``feeds`` says how the values in
    front of each layer become its symbols; empty, they do as they stand. Raises ``ConfigError`` when the shapes do
    not agree.
    """

    layers: tuple[LayerPhases, ...]
    active: NDArray[np.bool_]
    feeds: tuple[Patches, ...] = ()
    heaters: NDArray[np.int64] = field(init=False)
    """The active devices (heaters,), in ascending order; not to be written to."""

    def __post_init__(self) -> None:
        """Check that layers chain and that ``active`` covers all devices."""
        devices = sum(layer.count for layer in self.layers)
        if self.active.shape != (devices,):
            raise ConfigError(
                f"design: active has shape {self.active.shape}, but the layers have {devices} phases"
            )
        heaters = np.flatnonzero(self.active)
        heaters.setflags(write=False)
        object.__setattr__(self, "heaters", heaters)
        object.__setattr__(self, "feeds", chained(self.feeds, [layer.shape for layer in self.layers]))

    @property
    def values(self) -> int:
        """Return how many values one sample has."""
        return self.feeds[0].values

    @property
    def patches(self) -> dict[str, int]:
        """Return each layer's patches by the name that a plan's work has for them; nothing if all have one."""
        counts = [feed.count for feed in self.feeds]
        return {patches_of(layer): count for layer, count in enumerate(counts)} if max(counts) > 1 else {}

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


def sigma_mask(layer: LayerMap) -> NDArray[np.bool_]:
    """Return which devices (devices,) of a layer are attenuators."""
    mask = np.zeros(layer.devices, dtype=np.bool_)
    mask[layer.sigma_first : layer.u_first] = True
    return mask


def rotator_amplitude(config: ChipConfig) -> float:
    """Return the field amplitude that one rotator passes on: what loss leaves, and monitors, if there are any."""
    loss = db_to_amplitude(config.mesh.insertion_loss_db)
    monitors = config.monitors
    return loss * tap_amplitude(monitors.tapped_fraction) if monitors.fitted else loss


def loss_gains(layers: tuple[LayerMap, ...], design: Design, loss: float) -> list[float]:
    """Return each layer's receiver gain: it restores the Frobenius norm that insertion loss took away."""
    return [
        loss_gain(layer, phases.flat(), loss) for layer, phases in zip(layers, design.layers, strict=True)
    ]


def receiver_parameters(
    config: ChipConfig, layers: Sequence[LayerMap | Ports], gains: list[float], feeds: Sequence[Patches] = ()
) -> tuple[ReceiverParameters, ...]:
    """Return what each layer's receivers do, for the light and the noise that ``config`` describes.

    ``feeds`` say which layers take averages of the readings before them: these are what modulators then round.
    """
    rows = []
    receiver, clip = config.receiver, config.activation_clip
    for index, (layer, gain) in enumerate(zip(layers, gains, strict=True)):
        last = index == len(layers) - 1
        light = laser.light_budget(
            config.laser.power_w_per_wavelength, len(layers), config.laser.oscillator_fraction,
            layer.inputs, layer.outputs, clip,
        )  # fmt: skip
        noise = photodetector.detector_noise(
            light.signal_unit_w, light.oscillator_w, receiver.responsivity_a_per_w, receiver.bandwidth_hz,
            receiver.thermal_noise_a_per_sqrt_hz, receiver.shot_noise,
        )  # fmt: skip
        facts = Receiver(
            light.signal_unit_w, light.oscillator_w, receiver.responsivity_a_per_w, receiver.bandwidth_hz
        )
        noise = sum((term.variance(facts) for term in config.noise), start=noise)
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
    for index, feed in enumerate(feeds):
        if feed.pool > 1:
            before = rows[index - 1]
            rows[index - 1] = replace(before, input_step=0.0, pooled_step=before.input_step)
    return tuple(rows)


def check_dead(dead: tuple[int, ...], active: frozenset[int], devices: int) -> None:
    """Raise ``ConfigError`` where one of ``dead`` is none of the ``active`` among so many ``devices``."""
    for device in dead:
        if device not in active:
            where = f"0..{devices - 1}, with a heater"
            raise ConfigError(f"chip.heaters.dead: device {device} has no heater; allowed: devices {where}")


def dead_heaters(dead: tuple[int, ...], active: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask (devices,) of ``dead`` heaters; raise ``ConfigError`` where there is no heater to die."""
    check_dead(dead, frozenset(np.flatnonzero(active).tolist()), active.size)
    mask = np.zeros(active.size, dtype=np.bool_)
    mask[list(dead)] = True
    return mask


def heater_strengths(config: HeaterConfig) -> dict[tuple[int, int], float]:
    """Return how heaters warm others, by the law that ``config`` chooses; raises ``PhysicsError`` if too close."""
    if config.coupling == "omega":
        return floorplan.adjacent_strengths(config.omega)
    return floorplan.spaced_strengths(
        config.stage_pitch_m,
        config.pair_pitch_m,
        config.reach_m,
        config.contact_coupling,
        config.decay_per_m,
    )


def thermal_coupling(
    config: HeaterConfig, layers: tuple[LayerMap, ...], heated: NDArray[np.bool_], isolated: NDArray[np.bool_]
) -> floorplan.Coupling:
    """Return which heaters warm which, by the law that ``config`` chooses."""
    strengths = heater_strengths(config)
    sites = [floorplan.layer_sites(layer.v, layer.rank, layer.u) for layer in layers]
    return floorplan.couple(sites, heated, strengths, isolated)


def device_table(
    layers: tuple[LayerMap, ...], has_dac: NDArray[np.bool_], dead: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return the kernels' table of devices, (4, devices)."""
    upper = np.concatenate([layer.upper for layer in layers])
    numbers = np.repeat(np.arange(len(layers)), [layer.devices for layer in layers])
    return np.stack([upper, numbers, has_dac.astype(np.int64), dead.astype(np.int64)])


def dac_steps(config: ChipConfig) -> tuple[float, float, float]:
    """Return the DAC's step in radians, its step in volts (0 where unused) and gamma."""
    dac, gamma = config.dac, config.heaters.gamma_rad_per_v2
    if dac.bits == 0 or dac.domain == "phase":
        return converters.phase_step_rad(dac.bits), 0.0, gamma
    return 0.0, dac.v_max_v / (2**dac.bits - 1), gamma


def fresh_optics(layers: tuple[LayerMap, ...], gains: list[float], loss: float) -> Floats:
    """Return the kernels' matrix elements, (5, devices), with the factors filled in and no phase applied yet.

    ``gains`` are the layers' receiver gains, which attenuators' factors carry; ``loss`` is a rotator's amplitude.
    """
    is_sigma = np.concatenate([sigma_mask(layer) for layer in layers])
    sense = np.concatenate([layer.sense for layer in layers])
    gain = np.concatenate([np.full(layer.devices, g) for layer, g in zip(layers, gains, strict=True)])
    optics = np.zeros((5, is_sigma.size))
    optics[COS_FACTOR] = np.where(is_sigma, sense * gain, loss)
    optics[SIN_FACTOR] = np.where(is_sigma, 0.0, sense * loss)
    return optics
