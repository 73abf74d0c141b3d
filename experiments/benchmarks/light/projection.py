"""What emulated light costs: projections against lightonml's, a million by a million, images, an epoch of training.

Ours is the whole face: ``OPU.transform`` with bench, time, energy, the camera's noise and 8 bits, and
``linear_transform`` with the noise of off-axis holography. The rival's simulated OPU gives floats without noise,
time or camera. It is no dependency: it lives in an environment of its own, whose Python is named by
``--rival-python`` or the variable LIGHTLOOP_LIGHTONML_PYTHON. Made like this, it works on Python 3.11:

    python3 -m venv rival
    rival/bin/pip install "setuptools<81" "numexpr==2.14.*" "numpy==2.4.*" attrs torch==2.13.0
    rival/bin/pip install --no-deps lightonml==1.4.3

Without it that comparison is left out, and everything else is measured.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from emulator.adapters.lightonml.opu import OPU
from emulator.errors import LightloopError
from emulator.streams import stream
from experiments.benchmarks.light.odfa_epoch import epoch_cost, epoch_study
from experiments.benchmarks.light.optics import field_cost, structured_cost
from experiments.benchmarks.light.rival import LightonmlProcess
from experiments.benchmarks.timing import Cost, Sample, Stopwatch, Workload, interleave, ratio
from experiments.output.tables import table_of
from experiments.output.terminal import to_text

__all__ = ["RIVAL_VARIABLE", "LightEffort", "ProjectionSize", "measure_light"]

RIVAL_VARIABLE = "LIGHTLOOP_LIGHTONML_PYTHON"
"""Environment variable that names the rival's Python."""


class ProjectionSize(NamedTuple):
    """Name a size of projection, how many batches a round takes, and the ratio that is wanted."""

    inputs: int
    outputs: int
    calls: int
    target: str

    @property
    def name(self) -> str:
        """Return the size as results name it."""
        return f"{self.inputs}x{self.outputs}"


@dataclass(frozen=True, slots=True)
class LightEffort:
    """Say how long to measure; the shipped numbers take about two minutes on one core."""

    rounds: int = 9
    """Rounds in which ours and the rival take turns."""
    batch: int = 64
    """Vectors of one call."""
    sizes: tuple[ProjectionSize, ...] = (
        ProjectionSize(10, 10_000, 20, "at least 0.5, aim for 2"),
        ProjectionSize(100, 100_000, 3, "at least 0.5, aim for 2"),
        ProjectionSize(1000, 10_000, 3, "at least 1, aim for 2"),
    )
    """Sizes that are compared."""
    images: tuple[tuple[int, int, int], ...] = ((256, 256, 64), (1088, 2040, 4))
    """Rows, columns and frames a round of the holograms that are formed."""
    epoch_rounds: int = 7
    """Epochs of training, each way."""
    epoch_task: str = "mnist"
    """What is trained."""


_METHODS = {"projection": "transform", "linear_projection": "linear_transform"}


def measure_light(effort: LightEffort | None = None, rival_python: str | None = None) -> dict[str, float]:
    """Measure, print tables to stdout, and return the results by name.

    Raises ``LightloopError`` when the rival's Python is named and does not work.
    """
    effort = effort or LightEffort()
    results = _projections(effort, rival_python or os.environ.get(RIVAL_VARIABLE))
    results |= _optics(effort)
    return results | _epoch(effort)


def _projections(effort: LightEffort, rival_python: str | None) -> dict[str, float]:
    """Compare every size and method with the rival, or measure ours alone."""
    ours: dict[str, Workload] = {}
    for size in effort.sizes:
        ours |= _our_workloads(size, effort.batch)
    with _rival(effort, rival_python) as rival:
        theirs = {} if rival is None else _their_workloads(rival, effort)
        samples = interleave(ours | theirs, effort.rounds)
        version = "" if rival is None else rival.version
    rows, results = [], {}
    for size in effort.sizes:
        for kind in _METHODS:
            name = f"{kind}_{size.name}"
            row, value = _compared(samples[name], samples.get(f"lightonml {name}"), size.target)
            rows.append((name, *row))
            if value is not None:
                results[f"{kind}_over_lightonml_{size.name}"] = value
    headings = ("size", "ours /s", "IQR", "lightonml /s", "IQR", "ratio", "quartiles", "target")
    note = (
        f"vectors a second of CPU, batch {effort.batch}; rival: lightonml {version}, noiseless floats"
        if version
        else f"projection_over_lightonml is not measured: no Python with lightonml is named ({RIVAL_VARIABLE})"
    )
    print(to_text(table_of("Projections, ours with noise, 8 bits and time", headings, rows, (note,))))
    return results


@contextmanager
def _rival(effort: LightEffort, python: str | None) -> Iterator[LightonmlProcess | None]:
    """Yield the rival's process, or None where no Python is named."""
    if python is None:
        yield None
        return
    sizes = [(size.inputs, size.outputs) for size in effort.sizes]
    with LightonmlProcess(python, sizes, effort.batch) as process:
        yield process


def _compared(
    ours: Sample, theirs: Sample | None, target: str
) -> tuple[tuple[float | str, ...], float | None]:
    """Return a row, and how many times as fast as the rival we are."""
    mine = (1.0 / ours.cpu_s, f"{100 * ours.spread:.0f} %")
    if theirs is None:
        return (*mine, "", "", "", "", target), None
    found = ratio(theirs, ours)
    quartiles = f"{found.low:.2f} to {found.high:.2f}"
    return (
        *mine,
        1.0 / theirs.cpu_s,
        f"{100 * theirs.spread:.0f} %",
        found.value,
        quartiles,
        target,
    ), found.value


def _our_workloads(size: ProjectionSize, batch: int) -> dict[str, Workload]:
    vectors = stream(0, f"benchmarks/projection/{size.name}").random((batch, size.inputs)) < 0.5
    opu = OPU(size.outputs, max_n_features=size.inputs).fit1d(vectors)
    shown = vectors.astype(np.uint8)

    def calls_of(method: Callable[..., object]) -> Workload:
        def run() -> Cost:
            with Stopwatch() as watch:
                for _ in range(size.calls):
                    method(shown)
            return watch.per(size.calls * batch)

        return run

    return {f"{kind}_{size.name}": calls_of(getattr(opu, name)) for kind, name in _METHODS.items()}


def _their_workloads(rival: LightonmlProcess, effort: LightEffort) -> dict[str, Workload]:
    return {
        f"lightonml {kind}_{size.name}": rival.workload(number, method, size.calls)
        for number, size in enumerate(effort.sizes)
        for kind, method in _METHODS.items()
    }


def _optics(effort: LightEffort) -> dict[str, float]:
    """Measure the structured medium and the images, and return what is named."""
    large = structured_cost(effort.rounds)
    rows = [
        ("projection, CPU s", large.projection_s, "under 1"),
        ("set-up, CPU s", large.setup_s, ""),
        ("peak memory, MB", large.peak_mb, "under 1000"),
    ]
    print(to_text(table_of("Structured medium, 1e6 inputs to 1e6 counts", ("what", "value", "target"), rows)))
    results = {"structured_1e6_s": large.projection_s, "structured_1e6_peak_mb": large.peak_mb}
    costs = [field_cost(*image, effort.rounds) for image in effort.images]
    shown: list[tuple[float | str, ...]] = []
    for cost in costs:
        percent = (100.0 * share for share in cost.shares)
        shown.append(
            (f"{cost.rows}x{cost.columns}", cost.frames_per_s, f"{100 * cost.spread:.0f} %", *percent)
        )
    headings = ("image", "frames/s of CPU", "IQR", "FFT %", "camera %", "beat %", "medium %")
    print(
        to_text(
            table_of("Fidelity field: off-axis holograms formed, exposed and demodulated", headings, shown)
        )
    )
    for cost in costs:
        results[f"field_frames_per_s_{cost.rows}x{cost.columns}"] = cost.frames_per_s
        results[f"field_fft_share_{cost.rows}x{cost.columns}"] = cost.shares.fft
    return results


def _epoch(effort: LightEffort) -> dict[str, float]:
    cost = epoch_cost(epoch_study(effort.epoch_task), effort.epoch_rounds)
    rows = [
        (name, sample.cpu_s, f"{100 * sample.spread:.0f} %", sample.wall_s)
        for name, sample in (("with light", cost.light), ("with a matrix", cost.plain))
    ]
    note = (
        f"odfa_epoch_over_torch {cost.ratio.value:.3f}, quartiles {cost.ratio.low:.3f} to {cost.ratio.high:.3f}, "
        f"wall {cost.ratio.wall:.3f}; at most 1.5",
    )
    title = f"One epoch of feedback alignment on {effort.epoch_task}, {cost.samples:,} samples"
    print(to_text(table_of(title, ("feedback", "CPU s", "IQR", "wall s"), rows, note)))
    return {"odfa_epoch_over_torch": cost.ratio.value}


def main() -> None:
    """Measure from the command line, ``python -m`` and this module's name, with ``--rival-python PATH``."""
    import argparse

    parser = argparse.ArgumentParser(description="Measure what projections with emulated light cost.")
    parser.add_argument("--rival-python", help="Python of an environment with lightonml")
    try:
        measure_light(rival_python=parser.parse_args().rival_python)
    except LightloopError as error:
        parser.exit(2, f"{error}\n")


if __name__ == "__main__":
    main()
