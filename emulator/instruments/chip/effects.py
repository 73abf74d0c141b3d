"""What each parameter of the chip decides, for whoever re-times a run of it."""

from typing import Final

from emulator.instruments.effects import Effect

__all__ = ["EFFECTS"]

_T, _E, _P = Effect.TIMING, Effect.ENERGY, Effect.PHYSICS

EFFECTS: Final = {
    "design": Effect.CHOICES,
    "preset": Effect.NOTHING,
    "activation_clip": Effect.CHOICES,  # of what is trained before it is taped out
    "heaters": _P,
    "heaters.p_pi_w": _E,
    "heaters.settle_s": _T,  # and physics, where heaters are dynamic: see ``kind.cautions``
    "mesh": Effect.CHOICES,  # of what is taped out
    "mesh.insertion_loss_db": _P,
    "dac": _P,
    "dac.update_s": _T,
    "dac.power_w_per_channel": _E,
    "dac.shared_power_w": _E,
    "link": _T,
    "inputs.wavelengths": _T | _E,  # each has a laser, modulators and receivers of its own
    "inputs.symbol_rate_hz": _T | _E,
    "inputs.bits": _P,
    "inputs.power_w_per_channel": _E,
    "inputs.energy_j_per_symbol": _E,
    "inputs.shared_power_w": _E,
    "noise": _P,
    "receiver": _P,
    "receiver.averages": _T | _P,
    "receiver.detection_s": _T,
    "receiver.adc_s": _T,
    "receiver.power_w_per_channel": _E,
    "receiver.energy_j_per_symbol": _E,
    "receiver.shared_power_w": _E,
    "laser.power_w_per_wavelength": _E | _P,
    "laser.wall_plug_efficiency": _E,
    "laser.oscillator_fraction": _P,
    "monitors": _P,
    "monitors.fitted": Effect.CHOICES,  # what reads them is another controller
    "monitors.read_s": _T,
    "monitors.power_w_per_channel": _E,
    "sequencer.decision_s": _T,
    "sequencer.power_w": _E,
}
"""By dotted path below the section; of several prefixes that fit, the longest holds."""
