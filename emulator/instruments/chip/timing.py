"""What the chip's commands cost in time, as a function of configuration and work alone; no state, no physics.

The chip serves with these spans, and a re-timing of a recorded run asks for them again under other parameters.
"""

import math
from collections.abc import Mapping
from typing import Final

from emulator.errors import CommandError
from emulator.instruments.chip.config import ChipConfig, LinkConfig
from emulator.trace.plans import Step
from emulator.units import s_to_ps

__all__ = ["LIGHT", "chip_steps"]

LIGHT: Final = ("optics", "symbols")
"""The span in which light meets the mesh."""


def chip_steps(config: ChipConfig, kind: str, work: Mapping[str, int]) -> tuple[Step, ...]:
    """Return the spans of a command of ``kind`` that asks for ``work``, in the order in which they happen.

    ``set_phases`` asks for "heaters"; ``forward`` for "samples", "modes", "classes", "layers" and whether there is
    an "upload" of a new mini-batch; ``settle`` (without a duration of its own) for nothing. Raises
    ``CommandError`` for another kind.
    """
    if kind == "set_phases":
        bits = work["heaters"] * config.link.bits_per_setpoint
        link_ps = s_to_ps(_transfer_s(config.link, bits))
        return (("link", "setpoint", link_ps), ("dac", "update", s_to_ps(config.dac.update_s)))
    if kind == "settle":
        return (("heaters", "settling", s_to_ps(config.heaters.settle_s)),)
    if kind == "forward":
        return _forward_steps(config, work)
    raise CommandError(f"chip: {kind!r} is no kind of command; known: set_phases, settle, forward")


def _forward_steps(config: ChipConfig, work: Mapping[str, int]) -> tuple[Step, ...]:
    samples, depth, link = work["samples"], work["layers"], config.link
    symbols = math.ceil(samples / config.inputs.wavelengths) * config.receiver.averages
    upload_s = _transfer_s(link, samples * work["modes"] * link.bits_per_sample)
    readout_s = _transfer_s(link, samples * work["classes"] * link.bits_per_sample)
    steps = [("link", "upload", s_to_ps(upload_s))] if work["upload"] else []
    return (
        *steps,
        ("link", "request", s_to_ps(link.latency_s)),
        (*LIGHT, s_to_ps(depth * symbols / config.inputs.symbol_rate_hz)),
        ("receiver", "detection", s_to_ps(depth * config.receiver.detection_s)),
        ("receiver", "adc", s_to_ps(depth * config.receiver.adc_s)),
        ("link", "readout", s_to_ps(readout_s)),
    )


def _transfer_s(link: LinkConfig, bits: int) -> float:
    return link.latency_s + bits / link.rate_bit_per_s
