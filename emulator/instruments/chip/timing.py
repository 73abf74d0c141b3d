"""What the chip's commands take and draw, as a function of configuration and work alone; no state, no physics.

The chip serves these plans, and a re-timing of a recorded run asks for them again under other parameters. A plan
whose work names a ``sequencer`` is a step of a Sequence: no link and no host stand between it and its neighbours.
The ``first`` one brings mini-batch, labels and settings over the link, the ``last`` one takes the results back.
"""

import math
from collections.abc import Mapping
from typing import Final, Literal

from emulator.errors import CommandError
from emulator.instruments.chip.config import ChipConfig, LinkConfig
from emulator.instruments.host.config import HostConfig
from emulator.instruments.host.host import thought
from emulator.plan import REMAINDER, Plan, Step
from emulator.units import s_to_ps

__all__ = [
    "DECISION", "KINDS", "LIGHT", "LIGHTS", "MONITOR", "PATCHES", "SEQUENCER", "SETTLING", "chip_plan",
    "patches_of",
]  # fmt: skip

LIGHT: Final = ("optics", "symbols")
"""The step in which light meets the mesh."""

SETTLING: Final = ("heaters", "settling")
"""The step in which phases that have been set settle."""

SEQUENCER: Final = "chip.sequencer"
"""The component that draws while a Sequence runs."""

DECISION: Final = Step("sequencer", "decision", 0)
"""The step in which the sequencer compares losses."""

PATCHES: Final = "patches_"
"""How the names of ``patches_of`` begin."""

KINDS: Final = ("set_phases", "settle", "forward", "probe")
"""What a row of a Sequence may be called in a trace; one of the chip may also be a ``MONITOR``."""

MONITOR: Final = "monitor"
"""What a trace calls a row in which monitors were read."""

LIGHTS: Final[tuple[Literal["forward", "adjoint", "both"], ...]] = ("forward", "adjoint", "both")
"""What may pass when monitors are read; the work of a plan holds the place here."""


def chip_plan(config: ChipConfig, host: HostConfig, kind: str, work: Mapping[str, int]) -> Plan:
    """Return the plan of a command of ``kind`` that asks for ``work``.

    ``set_phases`` asks for "heaters"; ``settle`` for whether a time was "asked", which only the command tells;
    ``forward`` for "samples", "modes" (values a sample), "classes", "layers" and whether there is an "upload" of a
    new mini-batch, and, where a sample is many symbols, for the ``patches_of`` each layer;
    ``probe`` for all that set_phases and forward do; ``monitor`` for what forward does, the number of
    "monitors", and which "light" passes, a place in ``LIGHTS``. With a "sequencer", also for "first", "last", the
    "visits" of the whole Sequence, and whether it "decides". Raises ``CommandError`` for another kind.
    """
    if kind not in {*KINDS, MONITOR}:
        raise CommandError(f"chip: {kind!r} is no kind of command; known: {', '.join((*KINDS, MONITOR))}")
    asked = tuple(work.items())
    if work.get("sequencer"):
        return Plan(_sequenced(config, host, kind, work), asked)
    if kind == MONITOR:
        return Plan((*_monitoring(config, work), *thought(host)), asked)
    moves = kind in {"set_phases", "probe"}
    settles = kind in {"settle", "probe"}
    reads = kind in {"forward", "probe"}
    return Plan(
        (
            *(_setting(config, work["heaters"]) if moves else ()),
            *(_settling(config, work.get("asked", 0)) if settles else ()),
            *(_reading(config, work) if reads else ()),
            *(thought(host) if reads else ()),
        ),
        asked,
    )


def patches_of(layer: int) -> str:
    """Return the name that a plan's work has for the symbols a sample of ``layer``; without it they are one."""
    return f"{PATCHES}{layer}"


def _setting(config: ChipConfig, heaters: int) -> tuple[Step, ...]:
    link_s = _transfer_s(config.link, heaters * config.link.bits_per_setpoint)
    return (Step("link", "setpoint", s_to_ps(link_s)), _update(config))


def _update(config: ChipConfig) -> Step:
    return Step("dac", "update", s_to_ps(config.dac.update_s))


def _settling(config: ChipConfig, asked: int = 0) -> tuple[Step, ...]:
    return (Step(*SETTLING, REMAINDER if asked else s_to_ps(config.heaters.settle_s)),)


def _reading(config: ChipConfig, work: Mapping[str, int]) -> tuple[Step, ...]:
    link = config.link
    readout_s = _transfer_s(link, work["samples"] * work["classes"] * link.bits_per_sample)
    return (
        *_upload(config, work, 0),
        Step("link", "request", s_to_ps(link.latency_s)),
        *_light(config, work),
        Step("link", "readout", s_to_ps(readout_s)),
    )


def _monitoring(config: ChipConfig, work: Mapping[str, int]) -> tuple[Step, ...]:
    """Return the steps of a pass with monitors, whose charges are converted when all layers have had light."""
    link, light = config.link, LIGHTS[work["light"]]
    values = work["samples"] * work["classes"]
    errors = (Step("link", "upload", s_to_ps(_transfer_s(link, values * link.bits_per_sample))),)
    symbols, *receivers = _light(config, work)
    readings = work["monitors"] + (values if light == "forward" else 0)
    return (
        *(errors if light == "adjoint" else _upload(config, work, 0)),
        Step("link", "request", s_to_ps(link.latency_s)),
        symbols,
        *(() if light == "both" else receivers),  # then no receiver looks: both lights are known
        Step("monitors", "read", s_to_ps(config.monitors.read_s)),
        Step("link", "readout", s_to_ps(_transfer_s(link, readings * link.bits_per_sample))),
    )


def _upload(config: ChipConfig, work: Mapping[str, int], more_bits: int) -> tuple[Step, ...]:
    """Return the upload of a mini-batch, or nothing when there is nothing to bring."""
    samples = work["samples"] * work["modes"] if work["upload"] else 0
    bits = samples * config.link.bits_per_sample + more_bits
    return (Step("link", "upload", s_to_ps(_transfer_s(config.link, bits))),) if bits else ()


def _light(config: ChipConfig, work: Mapping[str, int]) -> tuple[Step, ...]:
    samples, depth = work["samples"], work["layers"]
    counts = (samples * work.get(patches_of(layer), 1) for layer in range(depth))
    symbols = sum(math.ceil(count / config.inputs.wavelengths) for count in counts) * config.receiver.averages
    return (
        Step(*LIGHT, s_to_ps(symbols / config.inputs.symbol_rate_hz)),
        Step("receiver", "detection", s_to_ps(depth * config.receiver.detection_s)),
        Step("receiver", "adc", s_to_ps(depth * config.receiver.adc_s)),
    )


def _sequenced(config: ChipConfig, host: HostConfig, kind: str, work: Mapping[str, int]) -> tuple[Step, ...]:
    """Return the steps of one row of a Sequence; the sequencer draws its power in each."""
    link = config.link
    steps: list[Step] = []
    if work["first"]:
        steps += _upload(config, work, _programme_bits(link, work))
    if kind in {"set_phases", "probe"}:
        steps.append(_update(config))
    if kind in {"settle", "probe"}:
        steps += _settling(config)
    if kind in {"forward", "probe"}:
        steps += _light(config, work)
        steps += [DECISION._replace(ps=s_to_ps(config.sequencer.decision_s))] if work["decides"] else []
    if work["last"]:
        steps.append(Step("link", "readout", s_to_ps(_transfer_s(link, _results_bits(link, work)))))
    watts = config.sequencer.power_w
    drawing = [step._replace(component=SEQUENCER, watts=watts) for step in steps]
    return (*drawing, *(thought(host) if work["last"] else ()))


def _programme_bits(link: LinkConfig, work: Mapping[str, int]) -> int:
    """Return what a Sequence brings beside its mini-batch.

    Where it decides, two phases a visit, where to and where else, and a label a sample, on which losses depend;
    where not, the phases of every probe.
    """
    if work["decides"]:
        return 2 * work["visits"] * link.bits_per_setpoint + work["samples"] * link.bits_per_sample
    return work["visits"] * work["heaters"] * link.bits_per_setpoint


def _results_bits(link: LinkConfig, work: Mapping[str, int]) -> int:
    """Return what a Sequence takes back: the phases where it decides, else the outputs of all its probes."""
    if work["decides"]:
        return work["visits"] * link.bits_per_setpoint
    return work["visits"] * work["samples"] * work["classes"] * link.bits_per_sample


def _transfer_s(link: LinkConfig, bits: int) -> float:
    return link.latency_s + bits / link.rate_bit_per_s
