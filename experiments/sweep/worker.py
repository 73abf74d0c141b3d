"""One order carried out: a study becomes a trace and numbers, here or in a process of its own; it draws nothing."""

import math
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from controllers.kind import DEPLOYMENT
from emulator.errors import LightloopError, PhysicsError
from emulator.instruments.chip.config import ChipConfig, DacConfig, HeaterConfig, InputConfig, ReceiverConfig
from emulator.instruments.chip.state import ChipCore
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import Trace
from experiments.output.measures import measure_in
from experiments.output.source import source_digest
from experiments.run.bench import design_of
from experiments.run.own.loading import load_own
from experiments.run.own.own import Own, recalled
from experiments.run.run import prepare, run_study
from experiments.run.study import Study, study_from_text
from experiments.tasks.electronic import logits

__all__ = ["FAILED", "Order", "Outcome", "carry_out", "check_kernels", "run_point"]

FAILED: Final = "failed"
"""The status of an order that gave no numbers."""

_SAMPLES = 64
_TOLERANCE = 1e-9


class Order(NamedTuple):
    """Ask for a run: a study as TOML, the path of its trace, and a controller of one's own.

    No trace is kept where its path is empty; ``controller`` is what ``load_own`` loads, empty for the study's.
    """

    study: str
    trace: str = ""
    controller: str = ""


class Outcome(NamedTuple):
    """Say how a run ended, and its numbers by name; ``source`` is the digest of the source that made them.

    ``said`` is the traceback of a failure that nobody foresaw. All are texts and numbers, for pipes and networks.
    """

    status: str
    reason: str = ""
    numbers: tuple[tuple[str, float], ...] = ()
    source: str = ""
    said: str = ""


def carry_out(order: Order, alone: bool = False) -> Outcome:
    """Run what ``order`` asks for, having checked a chip's kernels; no failure is raised, each is an outcome.

    ``alone`` says that this process does nothing else.
    """
    try:
        study = study_from_text(order.study)
        own = recalled(study, load_own(order.controller) if order.controller else None)
        if DEPLOYMENT in study.kind.needs:
            check_kernels(study)
        if order.trace:
            return _measured(study, own, Path(order.trace), alone)
        with tempfile.TemporaryDirectory(prefix="lightloop-") as folder:
            return _measured(study, own, Path(folder) / "run.h5", alone)
    except LightloopError as error:
        return Outcome(FAILED, f"{type(error).__name__}: {error}", source=source_digest())
    except Exception as error:  # noqa: BLE001  (a sweep goes on when one of its points meets a fault of ours)
        reason = f"{type(error).__name__}: {error}"
        return Outcome(FAILED, reason, source=source_digest(), said=traceback.format_exc())


def _measured(study: Study, own: Own | None, out: Path, alone: bool) -> Outcome:
    run_study(study, out, own=own, alone=alone)
    with open_trace(out) as trace:
        return Outcome(trace.status, trace.reason, tuple(_numbers(trace)), source_digest())


def _numbers(trace: Trace) -> list[tuple[str, float]]:
    """Return what the run took, the energy of each component, and the last value of every metric."""
    joules = trace.totals().get("energy_j", {})
    energy_j = math.fsum(joules.values()) if joules else math.nan
    found = {
        "queries": float(trace.queries),
        "elapsed_s": trace.elapsed_s,
        "energy_j": energy_j,
        "energy_delay_j_s": energy_j * trace.elapsed_s,
    }
    metrics = {name: float(one.value[-1]) for name, one in trace.metrics().items() if len(one.value)}
    judge = measure_in(metrics).name
    if f"test_{judge}" in metrics:
        found[judge] = metrics.get(f"selected_test_{judge}", metrics[f"test_{judge}"])
    parts = {f"energy_j.{name}": value for name, value in sorted(joules.items())}
    return [*(metrics | parts | found).items()]


def check_kernels(study: Study) -> None:
    """Send samples through the study's chip without its errors and compare with the electronic network.

    Raises ``PhysicsError`` when they differ by more than 1e-9 of the largest output: the compiled kernels then do
    not belong to this source, and every number of the run would be wrong without looking so.
    """
    prepared, config = prepare(study), study.section(ChipConfig)
    chip = ChipConfig(
        heaters=HeaterConfig(sigma_gamma=0.0, omega=0.0, dynamics=config.heaters.dynamics),
        mesh=config.mesh.model_copy(update={"insertion_loss_db": 0.0}),
        dac=DacConfig(bits=0),
        inputs=InputConfig(bits=0),
        receiver=ReceiverConfig(shot_noise=False, thermal_noise_a_per_sqrt_hz=0.0, adc_bits=0),
        activation_clip=config.activation_clip,
    )
    core = ChipCore(chip, design_of(prepared), study.seed)
    inputs = np.ascontiguousarray(prepared.task.x_val[:_SAMPLES])
    expected = logits(prepared.pretrained.weights, inputs, config.activation_clip, prepared.task.feeds)
    off = float(np.abs(core.observe(inputs, 0, 0) - expected).max() / np.abs(expected).max())
    if not off <= _TOLERANCE:
        raise PhysicsError(
            f"paper: a chip without errors is {off:.1e} of the largest output away from the electronic network; "
            f"allowed: {_TOLERANCE:g}; remove stale compiled kernels (*.nbi, *.nbc) or NUMBA_CACHE_DIR"
        )


def run_point(study_path: Path, out: Path) -> int:
    """Run the study in a file into the trace ``out``; return 0, or 2 with one line said."""
    outcome = carry_out(Order(study_path.read_text(encoding="utf-8"), str(out)))
    if outcome.status == FAILED:
        print(outcome.reason, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(run_point(Path(sys.argv[1]), Path(sys.argv[2])))
