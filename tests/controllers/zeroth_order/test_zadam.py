"""ZADAM against torch's Adam, which is given the true slope of a smooth loss."""

import numpy as np
import pytest
import torch

from controllers.zeroth_order.zadam import ZadamConfig, start
from emulator.errors import ConfigError
from tests.controllers.zeroth_order.canned import ground
from tests.controllers.zeroth_order.estimate_lab import talk

HOME = [1.0, 2.0, 3.0, 4.0]
WEIGHTS = [1.0, -2.0, 0.5, 3.0]


def score(phases: np.ndarray) -> float:
    return float(np.array(WEIGHTS) @ np.cos(phases))


def by_torch(steps: int, **options: float) -> np.ndarray:
    phases = torch.tensor(HOME, dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam([phases], lr=options["lr"], betas=(options["beta_1"], options["beta_2"]))
    for _ in range(steps):
        adam.zero_grad()
        loss = torch.nn.functional.softplus(torch.tensor(WEIGHTS, dtype=torch.float64) @ torch.cos(phases))
        loss.backward()
        adam.step()
    return phases.detach().numpy()


def test_where_every_phase_is_taken_it_walks_as_adam_does() -> None:
    options = ZadamConfig(
        sparsity=1.0, queries=20 * 8, learning_rate=0.05, beta_1=0.8, beta_2=0.9, step_decay=1.0
    )
    setting = ground(HOME)
    told = talk(start(options, setting).controller, setting, score)
    wanted = by_torch(20, lr=0.05, beta_1=0.8, beta_2=0.9)
    np.testing.assert_allclose(told.incumbents[-1], wanted, atol=1e-6)
    assert np.abs(wanted - HOME).max() > 0.3


def test_a_coordinate_counts_its_own_steps() -> None:
    """The first step of Adam is the learning rate, whenever it is made."""
    options = ZadamConfig(sparsity=0.25, queries=2 * 40, learning_rate=0.05, step_decay=1.0)
    setting = ground(HOME)
    told = talk(start(options, setting).controller, setting, score)
    seen: set[int] = set()
    for before, after in zip(told.incumbents[:-1], told.incumbents[1:], strict=True):
        [place] = np.flatnonzero(before != after).tolist()
        if place not in seen:
            assert abs(after[place] - before[place]) == pytest.approx(0.05, rel=1e-4)
        seen.add(place)
    assert seen == {0, 1, 2, 3}


@pytest.mark.parametrize("queries", range(2, 20))
def test_two_readings_a_phase_and_none_beyond_the_queries(queries: int) -> None:
    setting = ground(HOME)
    told = talk(start(ZadamConfig(sparsity=1.0, queries=queries), setting).controller, setting, score)
    assert len(told.read) == queries // 2 * 2
    np.testing.assert_array_equal(told.driven, told.incumbents[-1])


def test_a_single_query_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"queries = 1 is refused .*'zadam': an iteration takes 2"):
        start(ZadamConfig(queries=1), ground(HOME))
