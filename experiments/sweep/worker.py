"""One point in a process of its own: ``python -m experiments.sweep.worker STUDY.toml OUT.h5``; it draws nothing."""

import sys
from pathlib import Path

import numpy as np

from controllers.kind import DEPLOYMENT
from emulator.errors import LightloopError, PhysicsError
from emulator.instruments.chip.config import ChipConfig, DacConfig, HeaterConfig, InputConfig, ReceiverConfig
from emulator.instruments.chip.state import ChipCore
from experiments.run.bench import design_of
from experiments.run.run import prepare, run_study
from experiments.run.study import Study, load_study
from experiments.tasks.electronic import logits

__all__ = ["check_kernels", "run_point"]

_SAMPLES = 64
_TOLERANCE = 1e-9


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
    expected = logits(prepared.pretrained.weights, inputs, config.activation_clip)
    off = float(np.abs(core.observe(inputs, 0, 0) - expected).max() / np.abs(expected).max())
    if not off <= _TOLERANCE:
        raise PhysicsError(
            f"paper: a chip without errors is {off:.1e} of the largest output away from the electronic network; "
            f"allowed: {_TOLERANCE:g}; remove stale compiled kernels (*.nbi, *.nbc) or NUMBA_CACHE_DIR"
        )


def run_point(study_path: Path, out: Path) -> int:
    """Check a chip's kernels, run the resolved study into the trace ``out``; return 0, or 2 with one line said."""
    try:
        study = load_study(study_path)
        if DEPLOYMENT in study.kind.needs:
            check_kernels(study)
        run_study(study, out)
    except LightloopError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(run_point(Path(sys.argv[1]), Path(sys.argv[2])))
