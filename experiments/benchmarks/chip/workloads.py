"""What a query is compared with: a bare SimPy timeout, the same query in PyTorch, and the plain oracle."""

from collections.abc import Generator
from typing import Any

from emulator.clock import bare_environment
from emulator.instruments.chip.chip import Chip
from emulator.physics.chip.kernels.layers import forward_plain
from experiments.benchmarks.chip.plant import Plant
from experiments.benchmarks.chip.torch_rebuild import make_query
from experiments.benchmarks.timing import Cost, Stopwatch, Workload

__all__ = ["bare_timeouts", "plain_queries", "torch_queries"]


def bare_timeouts(count: int) -> Workload:
    """Return the unit of measure: one process that only yields timeouts, in SimPy's own environment.

    None of our clock is in it, so that no change of ours can move what everything else is measured by.
    """

    def run() -> Cost:
        bare, watch = bare_environment(), Stopwatch()

        def wait() -> Generator[Any, Any, None]:
            for _ in range(count):
                yield bare.timeout(1)

        bare.process(wait())
        with watch:
            bare.run()
        return watch.per(count)

    return run


def torch_queries(plant: Plant, count: int) -> Workload:
    """Return queries in plain PyTorch on one thread."""
    chip = plant.chip
    query = make_query(
        plant.deployment.layers, plant.first_batch(), chip.mesh.sigma_max, chip.activation_clip
    )

    def run() -> Cost:
        import torch

        threads, watch = torch.get_num_threads(), Stopwatch()
        torch.set_num_threads(1)
        try:
            with watch:
                for _ in range(count):
                    query()
        finally:
            torch.set_num_threads(threads)
        return watch.per(count)

    return run


def plain_queries(plant: Plant, count: int) -> Workload:
    """Return readings by the oracle, which remembers nothing and goes rotator by rotator; light only, no heat."""
    core, batch = plant.bench().instrument(Chip).core, plant.first_batch()
    phases = core.phases()

    def run() -> Cost:
        watch = Stopwatch()
        with watch:
            for draw in range(count):
                forward_plain(
                    batch.inputs, core.layers, phases, core.receivers, core.loss_amplitude, draw,
                    core.receiver_key,
                )  # fmt: skip
        return watch.per(count)

    return run
