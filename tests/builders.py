"""Small chips, batches and a recorder that remembers, for tests; no test and no oracle lives here."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.commands import Batch, FrameCounts
from emulator.instruments.chip.config import (
    ChipConfig,
    DacConfig,
    HeaterConfig,
    InputConfig,
    MeshConfig,
    ReceiverConfig,
)
from emulator.instruments.chip.state import Design
from emulator.physics.chip.mesh import decompose_matrix
from emulator.physics.chip.patches import Patches
from emulator.streams import stream
from emulator.trace.writing.null import NullRecorder

__all__ = [
    "EXACT",
    "QUIET",
    "NotingRecorder",
    "all_active",
    "ideal_chip",
    "picture_design",
    "random_batch",
    "random_design",
    "weights",
]

EXACT = HeaterConfig(sigma_gamma=0.0, omega=0.0, dynamics="instant")
"""Heaters that do at once what they are told."""

QUIET = ReceiverConfig(shot_noise=False, thermal_noise_a_per_sqrt_hz=0.0, adc_bits=0)
"""Receivers without noise and without steps."""


def ideal_chip(
    heaters: HeaterConfig = EXACT,
    mesh: MeshConfig | None = None,
    receiver: ReceiverConfig = QUIET,
    dac_bits: int = 0,
) -> ChipConfig:
    """Return a chip whose converters and receivers are ideal, unless they are given."""
    return ChipConfig(
        heaters=heaters,
        mesh=mesh or MeshConfig(),
        dac=DacConfig(bits=dac_bits),
        inputs=InputConfig(bits=0),
        receiver=receiver,
    )


def weights(sizes: Sequence[int], seed: int = 0, largest: float = 2.0) -> list[NDArray[np.float64]]:
    """Return random weight matrices of a network; ``largest`` is the biggest singular value of each."""
    rng = stream(seed, "tests/weights")
    matrices = []
    for inputs, outputs in pairwise(sizes):
        matrix = rng.standard_normal((outputs, inputs))
        matrices.append(matrix * (largest / np.linalg.norm(matrix, 2)))
    return matrices


def all_active(devices: int) -> NDArray[np.bool_]:
    """Return the mask of a chip on which every device has a heater."""
    return np.ones(devices, dtype=np.bool_)


def random_design(
    sizes: Sequence[int], seed: int = 0, mesh: MeshConfig | None = None, active: float | Sequence[int] = 1.0
) -> Design:
    """Return a design with random weights; ``active`` is the share of active devices, or lists them."""
    mesh = mesh or MeshConfig()
    layers = tuple(
        decompose_matrix(w, mesh.sigma_max, mesh.shape, mesh.rotation) for w in weights(sizes, seed)
    )
    devices = sum(layer.count for layer in layers)
    mask = np.zeros(devices, dtype=np.bool_)
    if isinstance(active, float):
        mask = stream(seed, "tests/active").random(devices) < active
    else:
        mask[list(active)] = True
    return Design(layers, mask)


def picture_design(
    image: tuple[int, int, int],
    feeds: Sequence[Patches],
    outputs: Sequence[int],
    seed: int = 0,
    mesh: MeshConfig | None = None,
    active: float = 1.0,
) -> tuple[Design, list[NDArray[np.float64]]]:
    """Return a design with random matrices of ``outputs`` that ``feeds`` cut pictures for, and the matrices."""
    assert (feeds[0].channels, feeds[0].height, feeds[0].width) == image
    mesh, rng = mesh or MeshConfig(), stream(seed, "tests/pictures")
    matrices = [rng.standard_normal((rows, feed.inputs)) for rows, feed in zip(outputs, feeds, strict=True)]
    matrices = [matrix * (2.0 / np.linalg.norm(matrix, 2)) for matrix in matrices]
    layers = tuple(decompose_matrix(w, mesh.sigma_max, mesh.shape, mesh.rotation) for w in matrices)
    mask = rng.random(sum(layer.count for layer in layers)) < active
    return Design(layers, mask, tuple(feeds)), matrices


def random_batch(samples: int, modes: int, key: int = 0) -> Batch:
    """Return a batch of inputs in [0, 1)."""
    inputs = stream(key, "tests/batch").random((samples, modes))
    return Batch(key, inputs, np.zeros(samples, dtype=np.int64))


class NotingRecorder(NullRecorder):
    """Remember every row as it comes; names stand for themselves in ``names``, by column."""

    def __init__(self) -> None:
        super().__init__()
        self.commands: list[tuple[Any, ...]] = []
        self.watts: list[tuple[int, int, float]] = []
        self.metrics: list[tuple[str, int, int, float]] = []
        self.plans: list[tuple[Any, ...]] = [()]
        self.works: list[tuple[Any, ...]] = [()]
        self.spans: list[tuple[int, int, int, int, int]] = []
        self.joins: list[tuple[int, int]] = []
        self.frame_counts: list[tuple[int, FrameCounts]] = []
        self.vectors: list[tuple[int, NDArray[np.float32]]] = []
        self.batches: list[int] = []
        self.settings: list[tuple[list[int], list[float]]] = []
        self.states: dict[str, NDArray[Any]] = {}
        self.closings: list[tuple[str, str, int, int]] = []
        self.names: dict[str, list[str]] = {}
        self.totals: dict[tuple[str, str], float] = {}

    def command_rows(self, rows: NDArray[np.void]) -> int:
        self.commands += rows.tolist()
        return super().command_rows(rows)

    def powers(self, component: int, t: NDArray[np.int64], watts: NDArray[np.float64]) -> None:
        self.watts += [(component, *level) for level in zip(t.tolist(), watts.tolist(), strict=True)]

    def total(self, total: str, part: str, value: float) -> None:
        self.totals[total, part] = value

    def command(self, *row: Any) -> int:
        self.commands.append(row)
        return super().command(*row)

    def power(self, component: int, t: int, watts: float) -> None:
        self.watts.append((component, t, watts))

    def metric(self, name: str, t: int, queries: int, value: float) -> None:
        self.metrics.append((name, t, queries, value))

    def plan(self, steps: Sequence[Any], work: Sequence[Any] = (), owner: str = "") -> int:
        del owner
        known = list(zip(self.plans, self.works, strict=True))
        wanted = tuple(steps), tuple(work)
        if wanted in known:
            return known.index(wanted)
        self.plans.append(wanted[0])
        self.works.append(wanted[1])
        return len(known)

    def span(
        self, resource: int, activity: int, t_start: int, t_end: int, command: int | None = None
    ) -> None:
        row = len(self.commands) if command is None else command
        self.spans.append((resource, activity, t_start, t_end, row))

    def join(self, cause: int) -> None:
        self.joins.append((len(self.commands), cause))

    def frames(self, counts: FrameCounts) -> None:
        self.frame_counts.append((len(self.commands), counts))

    def patterns(self, vectors: NDArray[np.float32]) -> None:
        self.vectors.append((len(self.commands), vectors))

    def batch(self, key: int, samples: Any) -> None:
        self.batches.append(key)

    def setpoints(self, heaters: Any, phases: Any) -> None:
        self.settings.append((list(heaters), list(phases)))

    def state(self, name: str, array: NDArray[Any], units: str = "1") -> None:
        self.states[name] = np.array(array)

    def label(self, table_column: str, text: str) -> int:
        known = self.names.setdefault(table_column, [])
        if text not in known:
            known.append(text)
        return known.index(text)

    def close(self, status: Any, reason: str, elapsed_ps: int, queries: int) -> None:
        self.closings.append((status, reason, elapsed_ps, queries))
