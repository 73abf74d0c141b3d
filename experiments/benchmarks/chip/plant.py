"""What is measured: a study with everything it needs before time passes, and a bench and controller to run it.

Plants come from the benchmark's study (real data, a trained network) or, for a choice of mesh sizes, from random
weights and inputs: what a query costs does not depend on what it computes.
"""

from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import numpy as np

from controllers.batches import mini_batches
from controllers.deployment import Deployment, deploy
from controllers.kind import Setting
from controllers.zeroth_order.szo_scd import SzoScdConfig
from emulator.bench import Bench
from emulator.bench_config import TraceConfig
from emulator.commands import Batch, Controller
from emulator.config.models import digest, to_toml
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.chip.state import Design
from emulator.instruments.instrument import Stand
from emulator.physics.chip.converters import phase_step_rad
from emulator.streams import stream
from emulator.trace import Detail, Header, NullRecorder, Recorder
from experiments.run.prepare import prepare, sheet_of
from experiments.run.sections import DeploymentConfig
from experiments.run.study import Study, study_from_text

__all__ = ["Loop", "Plant", "benchmark_study", "square_plant", "study_plant"]

Loop = Literal["host", "sequencer"]

_VISITS = (
    35  # coordinates that an iteration visits on 64-24-24-10; every size gets the same, where it has as many
)
_SAMPLES = 320


@dataclass(frozen=True, slots=True, eq=False)
class Plant:
    """Hold a study, the chip's design and the training set of its controller."""

    study: Study
    deployment: Deployment
    inputs: np.ndarray[Any, np.dtype[np.float64]]
    labels: np.ndarray[Any, np.dtype[np.int64]]

    @property
    def chip(self) -> ChipConfig:
        """Return the chip's configuration."""
        return self.study.section(ChipConfig)

    @property
    def options(self) -> SzoScdConfig:
        """Return the controller's options."""
        return self.study.section(SzoScdConfig)

    @property
    def design(self) -> Design:
        """Return what the chip is made of."""
        return Design(self.deployment.layers, self.deployment.active)

    def bench(self, out: Path | None = None, detail: Detail = "commands") -> Bench:
        """Build a bench; with ``out`` it records there at ``detail``, else nothing is recorded."""
        study = self.study
        recorder: Recorder | NullRecorder = NullRecorder()
        if out is not None:
            traced = study.model_copy(update={"trace": TraceConfig(detail=detail)})
            recorder = Recorder.create(out, Header.now(to_toml(traced), study.seed, digest(traced)), detail)
        lab = {"chip": Stand(self.chip, self.design), "host": Stand(study.host)}
        bench = Bench(lab, study.seed, study.budget, study.clock)
        bench.attach(recorder)
        return bench

    def first_batch(self) -> Batch:
        """Return the mini-batch that the controller would ask about first."""
        rng = stream(self.study.seed, "controller/batches")
        return next(mini_batches(self.inputs, self.labels, self.options.batch_size, rng))

    def controller(self, queries: int, loop: Loop = "host") -> Controller:
        """Build the study's controller, whose ``loop`` closes where it says; it ends after ``queries``."""
        study, deployment = self.study, self.deployment
        setting = Setting(
            self.inputs,
            self.labels,
            partial(stream, study.seed),
            deployment.heaters,
            deployment.phases[deployment.active],
            phase_step_rad(self.chip.dac.bits),
            deployment,
            sheet_of(self.chip),
        )
        options = self.options.model_copy(update={"queries": queries, "loop": loop})
        return study.kind.start(options, setting).controller


def benchmark_study() -> Study:
    """Return the study that defines what one query is."""
    text = files(__package__).joinpath("query.toml").read_text(encoding="utf-8")
    return study_from_text(text, "experiments/benchmarks/chip/query.toml")


def study_plant(study: Study) -> Plant:
    """Load the study's data, train its network (or find it in the cache) and deploy it."""
    prepared = prepare(study)
    return Plant(study, prepared.deployment, prepared.task.x_train, prepared.task.y_train)


def square_plant(study: Study, size: int) -> Plant:
    """Return a plant with two random layers, size-size-size, and an iteration as long as on 64-24-24-10."""
    rng = stream(study.seed, f"benchmarks/size/{size}")
    matrices = [rng.standard_normal((size, size)) for _ in range(2)]
    weights = [matrix * (2.0 / np.linalg.norm(matrix, 2)) for matrix in matrices]
    alpha = study.section(DeploymentConfig).alpha
    deployment = deploy(weights, alpha, rng, study.section(ChipConfig).mesh.sigma_max)
    visited = min(1.0, _VISITS / deployment.heaters.size)
    sparse = study.controller.model_copy(update={"sparsity": visited})
    return Plant(
        study.model_copy(update={"controller": sparse}),
        deployment,
        rng.random((_SAMPLES, size)),
        rng.integers(0, size, _SAMPLES),
    )
