"""Small optical processing units, vectors for them, and a bench that keeps every row; no test lives here."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emulator.bench import Bench, RunResult
from emulator.commands import Controller, Join, Project, Projection, Start, Wait
from emulator.config.models import Tree, build, with_overrides
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Stand
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import OpuDesign
from emulator.streams import stream
from tests.builders import NotingRecorder

__all__ = [
    "DESIGN",
    "FIDELITIES",
    "FREE_HOST",
    "WAYS",
    "WIDE",
    "WIDE_CAMERA",
    "Outing",
    "project_all",
    "projections",
    "random_vectors",
    "row_spans",
    "run_opu",
    "slow_host",
    "small_opu",
]

DESIGN = OpuDesign(20, 48)
WIDE = OpuDesign(60, 1020)
WIDE_CAMERA = ("camera.columns=2040", "camera.rows_max=100", "camera.frame_rate_hz=1000.0", "dmd.precision=3")

WAYS = [
    (mode, encoding)
    for mode in ("off_axis", "phase_shifting", "anchor", "intensity")
    for encoding in ("binary", "ternary", "bitplanes")
    if mode != "intensity" or encoding == "binary"
]
"""Modes of recovery with the encodings that each can have."""

FIDELITIES = ("field", "statistical")

FREE_HOST = HostConfig(preset="ideal", frame_power_w=60.0)
"""A host that grabs a frame in a picosecond or less, and thinks and computes for nothing."""

_SMALL: Tree = {
    "camera": {"rows_max": 64, "columns": 64, "frame_rate_hz": 1500.0},
    "dmd": {"rows": 40, "columns": 40},
}


def small_opu(*overrides: str) -> OpuConfig:
    """Return a unit with a camera of 64 x 64 pixels at 1.5 kHz, with overrides such as "dmd.encoding=binary"."""
    return build(OpuConfig, with_overrides(_SMALL, overrides), "test")


def slow_host(grab_s: float, pixels: int, frame_power_w: float = 60.0) -> HostConfig:
    """Return a host that grabs an image of ``pixels`` intensities in ``grab_s`` and does all else for nothing."""
    return FREE_HOST.model_copy(update={"bytes_per_s": pixels / grab_s, "frame_power_w": frame_power_w})


def random_vectors(
    count: int, features: int = DESIGN.features, encoding: str = "ternary", lit: float = 0.5, seed: int = 0
) -> NDArray[np.float32]:
    """Return vectors that ``encoding`` shows exactly; ``lit`` of their entries are not 0."""
    rng = stream(seed, "tests/opu/vectors")
    shape = count, features
    mask = rng.random(shape) < lit
    if encoding == "bitplanes":
        return np.where(mask, rng.standard_normal(shape), 0.0).astype(np.float32)
    signs = np.where(rng.random(shape) < 0.5, -1.0, 1.0) if encoding == "ternary" else np.ones(shape)
    return (mask * signs).astype(np.float32)


@dataclass(frozen=True)
class Outing:
    """What is left of a run: its result, its rows, and the bench."""

    result: RunResult
    rows: NotingRecorder
    bench: Bench


def run_opu(
    config: OpuConfig,
    controllers: Sequence[Controller],
    design: OpuDesign = DESIGN,
    host: HostConfig = FREE_HOST,
    seed: int = 0,
) -> Outing:
    """Run the controllers as agents a, b, c … on a fresh bench with one unit."""
    recorder = NotingRecorder()
    bench = Bench({"opu": Stand(config, design), "host": Stand(host)}, seed)
    agents = {chr(ord("a") + number): each for number, each in enumerate(controllers)}
    result = bench.run(agents, recorder=recorder)
    return Outing(result, recorder, bench)


def project_all(
    batches: Sequence[NDArray[np.float32]], replies: list[Projection], gap_ps: int = 0
) -> Controller:
    """Start all projections, ``gap_ps`` apart, and join them in order."""
    tickets = []
    for number, vectors in enumerate(batches):
        yield Wait(number * gap_ps)
        tickets.append((yield Start(Project(vectors))))
    for ticket in tickets:
        reply = yield Join(ticket)
        replies.append(reply)


def projections(
    config: OpuConfig,
    batches: Sequence[NDArray[np.float32]],
    host: HostConfig = FREE_HOST,
    gap_ps: int = 0,
    seed: int = 0,
) -> tuple[list[Projection], Outing]:
    """Run one agent that projects ``batches`` and return their replies."""
    replies: list[Projection] = []
    outing = run_opu(config, [project_all(batches, replies, gap_ps)], host=host, seed=seed)
    return replies, outing


def row_spans(rows: NotingRecorder, row: int) -> dict[str, list[tuple[int, int]]]:
    """Return when each "resource.activity" of a command's row was busy."""
    found: dict[str, list[tuple[int, int]]] = {}
    for resource, activity, start, end, command in rows.spans:
        if command == row:
            name = f"{rows.names['spans.resource'][resource]}.{rows.names['spans.activity'][activity]}"
            found.setdefault(name, []).append((start, end))
    return found
