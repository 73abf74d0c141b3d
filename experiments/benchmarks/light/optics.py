"""What optics cost at their largest: a fast transform of a million by a million, and images that are formed.

``python -m experiments.benchmarks.light.optics ROUNDS`` projects a million inputs onto a million outputs and prints
seconds and peak memory as one line of JSON; a process of its own, so that the memory is nobody else's.
"""

import cProfile
import json
import pstats
import subprocess
import sys
import time
from typing import NamedTuple

import numpy as np

from emulator.adapters.lightonml.opu import OPU
from emulator.config.models import build
from emulator.errors import LightloopError
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.optics import OpuCore
from emulator.instruments.opu.timing import OpuDesign
from emulator.processes import child_environment, module_command
from emulator.streams import stream
from experiments.benchmarks.timing import Sample, Stopwatch, peak_mb

__all__ = ["FieldCost", "Shares", "StructuredCost", "field_cost", "structured_cost"]

_MILLION = 1_000_000
_INPUTS = 10
_OVERSAMPLING = 4  # camera columns a mode


class StructuredCost(NamedTuple):
    """Tell what one projection of a million inputs onto a million counts took, and the process's peak memory."""

    projection_s: float
    setup_s: float
    peak_mb: float


class Shares(NamedTuple):
    """Give the shares of the CPU time that the parts of a hologram take, in [0, 1]; memory traffic is the rest."""

    fft: float
    camera: float
    beat: float
    medium: float


class FieldCost(NamedTuple):
    """Tell how many holograms of ``rows`` x ``columns`` are formed, exposed and read a second, and the shares."""

    rows: int
    columns: int
    frames_per_s: float
    spread: float
    shares: Shares


def structured_cost(rounds: int) -> StructuredCost:
    """Measure a projection through the structured medium, with noise, 8 bits, time and energy.

    Raises ``LightloopError`` when the process fails.
    """
    command = module_command(f"{__package__}.optics", str(rounds))
    done = subprocess.run(command, env=child_environment(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise LightloopError(f"bench: the optics process failed: {said[-1] if said else done.returncode}")
    return StructuredCost(*json.loads(done.stdout))


def _structured(rounds: int) -> StructuredCost:
    config = build(OpuConfig, {"preset": "full_frame", "medium": {"store": "structured"}}, "bench")
    vectors = stream(0, "benchmarks/structured").random((1, _MILLION)) < 0.5
    begin_s = time.process_time()
    opu = OPU(_MILLION, max_n_features=_MILLION, config=config).fit1d(vectors)
    opu.transform(vectors)
    setup_s, sample = time.process_time() - begin_s, Sample()
    for _ in range(rounds):
        with Stopwatch() as watch:
            opu.transform(vectors)
        sample.costs.append(watch.per(1))
    return StructuredCost(sample.cpu_s, setup_s, peak_mb())


def field_cost(rows: int, columns: int, frames: int, rounds: int) -> FieldCost:
    """Measure ``frames`` off-axis holograms a round, and profile one round more."""
    tree = {
        "fidelity": "field",
        "dmd": {"encoding": "binary"},
        "camera": {"rows_max": rows, "columns": columns},
    }
    design = OpuDesign(_INPUTS, rows * (columns // _OVERSAMPLING))
    core = OpuCore(build(OpuConfig, tree, "bench"), design, seed=0)
    vectors = (stream(0, "benchmarks/field").random((frames, _INPUTS)) < 0.5).astype(np.float32)
    core.project(vectors, 0)
    sample = Sample()
    for _ in range(rounds):
        with Stopwatch() as watch:
            core.project(vectors, 0)
        sample.costs.append(watch.per(frames))
    profile = cProfile.Profile(time.process_time)
    profile.runcall(core.project, vectors, 0)
    return FieldCost(rows, columns, 1.0 / sample.cpu_s, sample.spread, _shares(pstats.Stats(profile)))


def _shares(stats: pstats.Stats) -> Shares:
    """Return the shares of a profile of ``OpuCore.project``."""
    whole: float = stats.total_tt  # type: ignore[attr-defined]  # the stub lacks what the class documents
    functions = stats.stats.items()  # type: ignore[attr-defined]

    def share(where: str, *names: str) -> float:
        spent = sum(each[3] for (path, _, name), each in functions if path.endswith(where) and name in names)
        return float(spent) / whole

    return Shares(
        fft=share("_pocketfft/basic.py", "c2c", "r2c"),
        camera=share("camera.py", "expose"),
        beat=share("off_axis.py", "_beat"),
        medium=share("gaussian_medium.py", "fields"),
    )


if __name__ == "__main__":
    print(json.dumps(_structured(int(sys.argv[1]))))
