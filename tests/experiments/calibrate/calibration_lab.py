"""A recorded chip and what a stopwatch would show of a chip with other times; no test lives here."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emulator.config.toml import to_toml
from emulator.instruments.chip.config import ChipConfig
from emulator.plan import Step, Work
from emulator.streams import stream
from emulator.trace import Header, Recorder
from experiments.run.study import Study

__all__ = ["Done", "done", "measured_csv", "record_done", "service_steps"]

MODES, CLASSES, DEPTH = 8, 4, 3


@dataclass(frozen=True)
class Done:
    """One command: its kind, and how many heaters it sets or samples it reads, after an upload or not."""

    kind: str
    size: int = 0
    upload: bool = False


def done(repeats: int) -> list[Done]:
    """Return commands of several sizes, each kind often."""
    kinds = [Done("set_phases", heaters) for heaters in (1, 8, 64)] + [Done("settle")]
    kinds += [Done("forward", samples, upload) for samples in (32, 100, 8) for upload in (True, False, False)]
    return kinds * repeats


def service_steps(chip: ChipConfig, command: Done) -> list[tuple[str, str, float]]:
    """Return what ``command`` takes on ``chip``, as docs/physics.md tells it: resource, activity, seconds."""
    link = chip.link

    def transfer(bits: float) -> float:
        return link.latency_s + bits / link.rate_bit_per_s

    if command.kind == "settle":
        return [("heaters", "settling", chip.heaters.settle_s)]
    if command.kind == "set_phases":
        setpoint_s = transfer(command.size * link.bits_per_setpoint)
        return [("link", "setpoint", setpoint_s), ("dac", "update", chip.dac.update_s)]
    symbols = math.ceil(command.size / chip.inputs.wavelengths) * chip.receiver.averages
    steps = [
        ("link", "request", link.latency_s),
        ("optics", "symbols", DEPTH * symbols / chip.inputs.symbol_rate_hz),
        ("receiver", "detection", DEPTH * chip.receiver.detection_s),
        ("receiver", "adc", DEPTH * chip.receiver.adc_s),
        ("link", "readout", transfer(command.size * CLASSES * link.bits_per_sample)),
    ]
    upload = ("link", "upload", transfer(command.size * MODES * link.bits_per_sample))
    return [upload, *steps] if command.upload else steps


def work_of(command: Done) -> Work:
    """Return what ``command`` asks of a chip."""
    if command.kind == "set_phases":
        return (("heaters", command.size),)
    if command.kind == "settle":
        return (("asked", 0),)
    reading = ("modes", MODES), ("classes", CLASSES), ("layers", DEPTH)
    return (("samples", command.size), ("upload", int(command.upload)), *reading)


def record_done(out: Path, study: Study, commands: list[Done], explicit_s: float | None = None) -> Path:
    """Record ``commands`` as the chip of ``study`` serves them, and at last a Settle of ``explicit_s``."""
    recorder = Recorder.create(out, Header.now(to_toml(study), study.seed), "commands")
    agent, chip = recorder.label("commands.agent", "test"), recorder.label("commands.instrument", "chip")
    for key, size in enumerate(sorted({command.size for command in commands if command.kind == "forward"})):
        recorder.batch(1000 + size, np.arange(size) + key)
    now_ps = 0
    for row, command in enumerate(commands):
        steps = [Step(who, what, round(1e12 * s)) for who, what, s in service_steps(study.chip, command)]
        kind, plan = recorder.label("commands.kind", command.kind), recorder.plan(steps, work_of(command))
        target = {"settle": -1, "forward": 1000 + command.size}.get(command.kind, 0)
        if command.kind == "set_phases" and command.size > 1:
            recorder.setpoints(np.arange(command.size), np.zeros(command.size))
            target = -1
        start_ps, now_ps = now_ps, now_ps + sum(step.ps for step in steps)
        recorder.command(agent, chip, kind, plan, row - 1, start_ps, start_ps, now_ps, target, 0.0, 0.0)
    if explicit_s is not None:
        plan, start_ps, now_ps = (
            recorder.plan([Step("heaters", "settling", -1)], (("asked", 1),)),
            now_ps,
            now_ps + round(1e12 * explicit_s),
        )
        kind = recorder.label("commands.kind", "settle")
        recorder.command(agent, chip, kind, plan, -1, start_ps, start_ps, now_ps, -1, 0.0, 0.0)
    recorder.close("complete", "", now_ps, len(commands))
    return out


def measured_csv(path: Path, chip: ChipConfig, commands: list[Done], noise: float, seed: int = 0) -> Path:
    """Write what a stopwatch shows of ``commands`` on ``chip``: each latency off by a relative ``noise``."""
    latency_s: NDArray[np.float64] = np.array(
        [sum(seconds for _, _, seconds in service_steps(chip, command)) for command in commands]
    )
    latency_s = latency_s * (1 + noise * stream(seed, "test/calibration").standard_normal(len(commands)))
    lines = [f"{row},{seconds!r}" for row, seconds in enumerate(latency_s.tolist())]
    path.write_text("\n".join(["command,latency_s", *lines]) + "\n", encoding="utf-8")
    return path
