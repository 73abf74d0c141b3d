"""What can be configured about the chip; physics and sources live elsewhere.

The defaults are the preset ``doped_si``; the sources of its numbers stand in ``presets/chip/doped_si.toml``.
Upper limits are generous: they are there to catch a slip of units, not to judge a device.
"""

import math
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from emulator.config.amounts import number, quantity
from emulator.config.models import (
    BitRate,
    Bits,
    Decibels,
    Hertz,
    Joules,
    Meters,
    NoiseDensity,
    PerMeter,
    PositiveInt,
    PresetModel,
    RadPerSquareVolt,
    Responsivity,
    Seconds,
    StrictModel,
    Volts,
    Watts,
    many_of,
    refusal,
)
from emulator.errors import ConfigError
from emulator.instruments.chip.noise.registry import NOISE_TERMS
from emulator.instruments.chip.noise.term import NoiseTerm

__all__ = [
    "ChipConfig",
    "DacConfig",
    "HeaterConfig",
    "InputConfig",
    "LaserConfig",
    "LinkConfig",
    "MeshConfig",
    "MonitorConfig",
    "ReceiverConfig",
    "SequencerConfig",
]


if TYPE_CHECKING:
    _Noise = tuple[NoiseTerm, ...]
else:
    _Noise = many_of(NOISE_TERMS.values())


def _refuse_total(channel: str) -> Any:
    """Return the validator that says where a total power went, which no longer fits a chip of another size."""

    def refuse(cls: type[StrictModel], data: object) -> object:
        del cls
        if isinstance(data, dict) and "power_w" in data:
            raise refusal(
                "power_w",
                f"it has moved: write power_w_per_channel, the watts for one {channel} (what power_w was over "
                "their number), or shared_power_w for what does not follow their number",
            )
        return data

    return classmethod(refuse)


class HeaterConfig(StrictModel):
    """Describe the thermo-optic phase shifters: power, speed, fabrication spread and thermal crosstalk."""

    p_pi_w: Annotated[Watts, Field(gt=0, le=1)] = 24.77e-3
    """Electrical power for a phase of pi, in watts, (0, 1]."""
    tau_s: Annotated[Seconds, Field(gt=0, le=1)] = 1.22e-6
    """Time constant of the phase (temperature, not transmission), in seconds, (0, 1]."""
    dynamics: Literal["instant", "dynamic"] = "dynamic"
    """Whether phases jump to their steady state or follow the thermal network."""
    settle_s: Annotated[Seconds, Field(ge=0, le=100)] = 6e-6
    """Wait between a change of phases and the reading, in seconds, [0, 100], or in time constants, as "5 tau"."""
    gamma_rad_per_v2: Annotated[RadPerSquareVolt, Field(gt=0, le=1000)] = 0.1653
    """Nominal phase per squared voltage, in rad/V^2, (0, 1000]."""
    sigma_gamma: Annotated[float, Field(ge=0, le=1)] = 2e-3
    """Standard deviation of gamma between devices, [0, 1], in rad/V^2 or a fraction (``sigma_kind``)."""
    sigma_kind: Literal["absolute", "relative"] = "absolute"
    """Whether ``sigma_gamma`` is in rad/V^2 or a fraction of ``gamma_rad_per_v2``."""
    truncation_sigma: Annotated[float, Field(gt=0, le=10)] = 2.0
    """Where the normal spread of gamma is cut off, in standard deviations, (0, 10]."""
    coupling: Literal["omega", "spacing"] = "omega"
    """Whether crosstalk is one number between adjacent heaters or follows from the floor plan."""
    omega: Annotated[float, Field(ge=0, le=0.2)] = 2e-3
    """Crosstalk between adjacent heaters, in rad per rad, [0, 0.2]; used when ``coupling`` is ``omega``."""
    stage_pitch_m: Annotated[Meters, Field(gt=0, le=0.1)] = 120e-6
    """Distance between heaters of consecutive columns, along the light, in metres, (0, 0.1]."""
    pair_pitch_m: Annotated[Meters, Field(gt=0, le=0.1)] = 37e-6
    """Distance between heaters of neighbouring waveguide pairs, across the light, in metres, (0, 0.1]."""
    reach_m: Annotated[Meters, Field(ge=0, le=0.1)] = 60e-6
    """Heaters farther apart do not couple, in metres, [0, 0.1]; used when ``coupling`` is ``spacing``."""
    contact_coupling: Annotated[float, Field(ge=0, le=1)] = 0.2167
    """Coupling at zero distance, in rad per rad, [0, 1]: contact_coupling * exp(-decay_per_m * d)."""
    decay_per_m: Annotated[PerMeter, Field(gt=0, le=1e8)] = 0.1275e6
    """Decay of the coupling with distance, in 1/m, (0, 1e8]."""
    substrate_coupling: Annotated[float, Field(ge=0, le=0.01)] = 0.0
    """Phase common to all devices per radian of total active phase, [0, 0.01]; 0 is no substrate."""
    substrate_tau_s: Annotated[Seconds, Field(gt=0, le=1000)] = 0.1
    """Time constant of the substrate, in seconds, (0, 1000]."""
    sigma_devices: Literal["noisy", "ideal"] = "noisy"
    """Whether the devices of the Sigma column see DAC steps, gamma spread and crosstalk like all others."""
    dead: tuple[Annotated[int, Field(ge=0, le=10_000_000)], ...] = ()
    """Devices whose heater is broken: it takes its settings, draws nothing and heats nothing."""
    passive_aggressors: bool = False
    """Whether passive devices heat their neighbours: they do not, yet some published code lets them."""

    @model_validator(mode="before")
    @classmethod
    def _settle_in_time_constants(cls, data: object) -> object:
        """Turn a wait such as "5 tau" into seconds of the time constant that is given beside it."""
        if not isinstance(data, dict) or not isinstance(settle := data.get("settle_s"), str):
            return data
        amount, unit, rest = settle.partition("tau")
        if not unit or rest.strip():
            return data
        tau = data.get("tau_s", cls.model_fields["tau_s"].default)
        try:
            tau_s = quantity(tau, "s") if isinstance(tau, str) else tau
            return {**data, "settle_s": number(amount) * tau_s}
        except (ConfigError, TypeError) as error:
            raise refusal(
                "settle_s",
                f"{settle[:60]!r} is no number of time constants ({error}); allowed: such as '5 tau'",
            ) from error

    @model_validator(mode="after")
    def _gamma_stays_positive(self) -> Self:
        scale = self.gamma_rad_per_v2 if self.sigma_kind == "absolute" else 1.0
        if self.sigma_gamma * self.truncation_sigma >= scale:
            raise refusal(
                "sigma_gamma",
                f"{self.truncation_sigma:g} times {self.sigma_gamma:g} ({self.sigma_kind}) would let "
                f"gamma reach 0; allowed: sigma_gamma < {scale / self.truncation_sigma:.4g}",
            )
        return self


class MeshConfig(StrictModel):
    """Describe how a layer's matrix is laid out in rotators."""

    shape: Literal["thin", "square"] = "thin"
    """``thin`` has as many phases as the matrix has weights, ``square`` two full unitaries."""
    rotation: Literal["ccw", "cw"] = "ccw"
    """Sign of a rotator; ``ccw`` is Eq. 2 of the SZO-SCD paper. It moves the mean phase, hence the power."""
    sigma_max: Annotated[float, Field(gt=0, le=1000)] = 3.0
    """Largest singular value m that the Sigma column can show: Sigma = m cos(phi_S), (0, 1000]."""
    insertion_loss_db: Annotated[Decibels, Field(ge=0, le=30)] = 0.0
    """Power loss of one rotator, in decibels, [0, 30]."""


class DacConfig(StrictModel):
    """Describe the converters that drive the heaters."""

    bits: Bits = 8
    """Resolution, in bits, 0..16; 0 is ideal."""
    domain: Literal["phase", "voltage"] = "phase"
    """Whether codes are evenly spaced in phase over [0, 2*pi] or in voltage over [0, ``v_max_v``]."""
    v_max_v: Annotated[Volts, Field(gt=0, le=1000)] = 10.8
    """Full scale, in volts, (0, 1000]; used when ``domain`` is ``voltage``."""
    update_s: Annotated[Seconds, Field(ge=0, le=100)] = 1e-6
    """Time to load and latch one set of codes, in seconds, [0, 100]."""
    power_w_per_channel: Annotated[Watts, Field(ge=0, le=1000)] = 0.31e-3
    """Power of the converter and driver of one heater, in watts, [0, 1000]."""
    shared_power_w: Annotated[Watts, Field(ge=0, le=10000)] = 0.0
    """Power that does not follow the number of heaters, in watts, [0, 10000]."""

    _moved = model_validator(mode="before")(_refuse_total("heater with a driver"))


class LinkConfig(StrictModel):
    """Describe the connection between host and chip."""

    latency_s: Annotated[Seconds, Field(ge=0, le=100)] = 1e-6
    """Latency of one transfer in one direction, in seconds, [0, 100]."""
    rate_bit_per_s: Annotated[BitRate, Field(gt=0, le=1e15)] = 16e9
    """Throughput, in bit/s, (0, 1e15]."""
    bits_per_setpoint: Annotated[PositiveInt, Field(le=65536)] = 32
    """Bits on the wire for one phase setting, 1..65536."""
    bits_per_sample: Annotated[PositiveInt, Field(le=65536)] = 16
    """Bits on the wire for one value sent in or read back, 1..65536."""


class InputConfig(StrictModel):
    """Describe the modulators that put a mini-batch on light."""

    wavelengths: Annotated[PositiveInt, Field(le=4096)] = 8
    """Samples that travel at once by WDM, 1..4096."""
    symbol_rate_hz: Annotated[Hertz, Field(gt=0, le=1e12)] = 1e9
    """Symbols per second and wavelength, in hertz, (0, 1e12]."""
    bits: Bits = 12
    """Resolution of the modulators, in bits, 0..16; 0 is ideal."""
    power_w_per_channel: Annotated[Watts, Field(ge=0, le=1000)] = 0.0
    """Constant power of one modulator and its driver, in watts, [0, 1000]; there is one a port and wavelength."""
    energy_j_per_symbol: Annotated[Joules, Field(ge=0, le=1)] = 4.0214e-12
    """Energy of one symbol of one modulator, its converter included, in joules, [0, 1]; symbols never pause."""
    shared_power_w: Annotated[Watts, Field(ge=0, le=10000)] = 0.0
    """Power that does not follow the number of modulators, in watts, [0, 10000]."""

    _moved = model_validator(mode="before")(_refuse_total("port and wavelength"))


class ReceiverConfig(StrictModel):
    """Describe photodiodes, amplifiers and ADCs; ideal is no shot, no thermal noise and ``adc_bits`` 0."""

    shot_noise: bool = True
    """Whether photocurrents carry shot noise."""
    thermal_noise_a_per_sqrt_hz: Annotated[NoiseDensity, Field(ge=0, le=1e-3)] = 20e-12
    """Input-referred current noise of the amplifier, in A/sqrt(Hz), [0, 1e-3]."""
    responsivity_a_per_w: Annotated[Responsivity, Field(gt=0, le=1000)] = 1.0
    """Photocurrent per optical power, in A/W, (0, 1000]."""
    bandwidth_hz: Annotated[Hertz, Field(gt=0, le=1e12)] = 0.7e9
    """Noise bandwidth, in hertz, (0, 1e12]."""
    averages: Annotated[PositiveInt, Field(le=1_000_000)] = 256
    """Readings averaged into one, 1..1000000; each costs its symbols again."""
    adc_bits: Bits = 14
    """Resolution of the ADC, in bits, 0..16; 0 is ideal."""
    full_scale_hidden: Annotated[float, Field(gt=0, le=1e6)] = 4.0
    """ADC full scale (+-) at hidden layers, in activation units, (0, 1e6]."""
    full_scale_output: Annotated[float, Field(gt=0, le=1e6)] = 16.0
    """ADC full scale (+-) at the last layer, in activation units, (0, 1e6]."""
    detection_s: Annotated[Seconds, Field(ge=0, le=100)] = 10e-9
    """Delay of photodiode and amplifier per layer, in seconds, [0, 100]."""
    adc_s: Annotated[Seconds, Field(ge=0, le=100)] = 100e-9
    """Conversion time per layer, in seconds, [0, 100]."""
    power_w_per_channel: Annotated[Watts, Field(ge=0, le=1000)] = 3e-3
    """Constant power of one receiver, its amplifier's, in watts, [0, 1000]; there is one a port and wavelength."""
    energy_j_per_symbol: Annotated[Joules, Field(ge=0, le=1)] = 1.48e-12
    """Energy of one conversion of one ADC, in joules, [0, 1]; they convert at the symbol rate and never pause."""
    shared_power_w: Annotated[Watts, Field(ge=0, le=10000)] = 0.0
    """Power that does not follow the number of receivers, such as a camera's, in watts, [0, 10000]."""

    _moved = model_validator(mode="before")(_refuse_total("port and wavelength"))


class LaserConfig(StrictModel):
    """Describe the light sources, one a wavelength."""

    power_w_per_wavelength: Annotated[Watts, Field(ge=0, le=1000)] = 23.5e-3
    """Optical power of one laser, in watts, [0, 1000]."""
    wall_plug_efficiency: Annotated[float, Field(gt=0, le=1)] = 0.2
    """Optical over electrical power, (0, 1]."""
    oscillator_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Part of the light that feeds the receivers' local oscillators, (0, 1)."""

    @model_validator(mode="before")
    @classmethod
    def _moved(cls, data: object) -> object:
        if isinstance(data, dict) and "power_w" in data:
            raise refusal(
                "power_w",
                "it has moved: write power_w_per_wavelength, which is what power_w was over inputs.wavelengths",
            )
        return data


class SequencerConfig(StrictModel):
    """Configure the sequencer beside the chip, which runs a Sequence without link and host."""

    decision_s: Annotated[Seconds, Field(ge=0, le=100)] = 1.5e-6
    """From the last conversion to the decision: loss and comparison, in seconds, [0, 100]."""
    power_w: Annotated[Watts, Field(ge=0, le=10000)] = 5.0
    """Electrical power while a Sequence runs, in watts, [0, 10000]."""


class MonitorConfig(StrictModel):
    """Describe the photodiodes that watch the light at every active heater, where a chip has them.

    A controller that reads them has them fitted; on other chips they are absent and draw nothing.
    """

    fitted: bool = False
    """Whether the chip has monitors: they cost power all the time, and light at every rotator."""
    tapped_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.01
    """Part of the power in a rotator's arms that its taps take, in either direction, [0, 1)."""
    shot_noise: bool = True
    """Whether photocurrents carry shot noise."""
    thermal_noise_a_per_sqrt_hz: Annotated[NoiseDensity, Field(ge=0, le=1e-3)] = 1e-12
    """Input-referred current noise of the integrating amplifier, in A/sqrt(Hz), [0, 1e-3]."""
    responsivity_a_per_w: Annotated[Responsivity, Field(gt=0, le=1000)] = 1.0
    """Photocurrent per optical power, in A/W, (0, 1000]."""
    adc_bits: Bits = 14
    """Resolution of the ADC, in bits, 0..16; 0 is ideal."""
    full_scale: Annotated[float, Field(gt=0, le=1e6)] = 64.0
    """ADC full scale, a mean intensity in squared activation units, (0, 1e6]."""
    read_s: Annotated[Seconds, Field(ge=0, le=100)] = 10e-6
    """Time to convert what all monitors have integrated, once a pass of light, in seconds, [0, 100]."""
    power_w_per_channel: Annotated[Watts, Field(ge=0, le=1000)] = 1e-3
    """Constant power of one monitor, its amplifier's and its part of an ADC, in watts, [0, 1000]."""


class ChipConfig(PresetModel):
    """Describe one chip: a preset from ``presets/chip``, overlaid by the keys that are given."""

    preset_kind: ClassVar[str] = "chip"

    heaters: HeaterConfig = HeaterConfig()
    """Phase shifters."""
    mesh: MeshConfig = MeshConfig()
    """Layout of the rotators."""
    dac: DacConfig = DacConfig()
    """Heater drivers."""
    link: LinkConfig = LinkConfig()
    """Connection to the host."""
    inputs: InputConfig = InputConfig()
    """Modulators."""
    receiver: ReceiverConfig = ReceiverConfig()
    """Detection."""
    noise: _Noise = ()
    """Further noise of the receivers, beside shot and thermal noise: a list of terms, each with its ``kind``."""
    laser: LaserConfig = LaserConfig()
    """Light source."""
    sequencer: SequencerConfig = SequencerConfig()
    """What closes the loop beside the chip."""
    monitors: MonitorConfig = MonitorConfig()
    """Photodiodes at the heaters, where a controller reads them."""
    activation_clip: Annotated[float, Field(gt=0, le=1e6)] = 4.0
    """Upper clip of the electronic ReLU between layers, in activation units, (0, 1e6]."""

    @model_validator(mode="after")
    def _voltage_reaches_two_pi(self) -> Self:
        needed_v = math.sqrt(2 * math.pi / self.heaters.gamma_rad_per_v2)
        if self.dac.domain == "voltage" and self.dac.v_max_v < needed_v:
            raise refusal(
                "dac.v_max_v",
                f"{self.dac.v_max_v:g} V cannot reach a phase of 2*pi; "
                f"allowed: >= {needed_v:.6g} V at gamma = {self.heaters.gamma_rad_per_v2:g} rad/V^2",
            )
        return self
