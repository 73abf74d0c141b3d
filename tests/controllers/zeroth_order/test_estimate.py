"""Searches by an estimate do the same by host and by sequencer, on a noisy chip, bit for bit."""

from functools import partial
from typing import Literal

import numpy as np
import pytest

from controllers.kind import Kind, Setting
from controllers.zeroth_order import flops, phase_sweep, zadam, znewton
from emulator.commands import Compute, Controller
from emulator.instruments.chip.chip import Chip
from emulator.streams import stream
from tests.bench_lab import SIZES
from tests.controllers.zeroth_order.canned import ground
from tests.controllers.zeroth_order.estimate_lab import talk
from tests.emulator.instruments.chip.sequencer_lab import NEAR, told

OPTIONS: dict[str, dict[str, object]] = {
    "flops": {"samples": 5, "sparsity": 0.5},
    "zadam": {"difference_rad": 0.02, "sparsity": 0.5, "learning_rate": 0.05},
    "znewton": {"difference_rad": 0.3, "sparsity": 0.5, "learning_rate": 0.05},
    "phase_sweep": {"levels": 6},
}
KINDS = [flops.KIND, zadam.KIND, znewton.KIND, phase_sweep.KIND]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def search(kind: Kind, loop: Literal["host", "sequencer"]) -> Controller:
    design = NEAR.bench().instrument(Chip).core.design
    heaters = np.flatnonzero(design.active)
    rng = stream(0, "tests/estimate")
    inputs, labels = rng.random((40, SIZES[0])), rng.integers(SIZES[-1], size=40)
    setting = Setting(inputs, labels, partial(stream, 0), heaters, design.phases()[heaters])
    given = {"queries": 70, "batch_size": 8, "loop": loop, **OPTIONS[kind.name]}
    yield from kind.start(kind.options.model_validate(given), setting).controller


@every_kind
def test_by_host_and_by_sequencer_it_is_the_same_search(kind: Kind) -> None:
    host, sequencer = (
        NEAR.run(lambda loop=loop: search(kind, loop))  # type: ignore[misc]
        for loop in ("host", "sequencer")
    )
    assert host.result.queries == sequencer.result.queries > 50
    assert host.rows.metrics == sequencer.rows.metrics
    for state in ("initial_phases", "final_phases"):
        np.testing.assert_array_equal(host.rows.states[state], sequencer.rows.states[state])
    assert (host.rows.states["initial_phases"] != host.rows.states["final_phases"]).any()
    assert len(told(host)) == len(told(sequencer))


@pytest.mark.parametrize("kind", KINDS[:3], ids=lambda kind: kind.name)
def test_the_host_is_paid_for_every_iteration(kind: Kind) -> None:
    setting = ground([1.0, 2.0, 3.0, 4.0])
    options = kind.options.model_validate({"queries": 60, **OPTIONS[kind.name]})
    told = talk(kind.start(options, setting).controller, setting, lambda phases: float(phases[0]))
    works = [command for command in told.asked if isinstance(command, Compute)]
    assert len(works) == len(told.incumbents) - 1 > 3
    assert all(work.flops > 0 and work.bytes > 0 for work in works)
