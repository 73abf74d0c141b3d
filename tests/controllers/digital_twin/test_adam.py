"""Adam against torch's own, and the rate's fall."""

import numpy as np
import pytest
import torch

from controllers.digital_twin.adam import Adam, falling
from emulator.streams import stream


def test_its_steps_are_those_of_torch() -> None:
    rng = stream(0, "tests/adam")
    ours, phases = Adam(5), np.zeros(5)
    theirs = torch.zeros(5, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([theirs], lr=0.02, betas=(0.9, 0.99), eps=1e-12)
    for _ in range(30):
        slopes = rng.standard_normal(5)
        phases += ours.step(slopes, 0.02)
        theirs.grad = torch.tensor(slopes)
        optimiser.step()
    np.testing.assert_allclose(phases, theirs.detach().numpy(), rtol=1e-9)


def test_a_phase_without_slope_stays() -> None:
    assert Adam(2).step(np.zeros(2), 0.1).tolist() == [0.0, 0.0]


def test_the_rate_falls_from_all_to_nothing() -> None:
    assert [falling(share) for share in (0.0, 0.5, 1.0, 2.0)] == pytest.approx([1.0, 0.5, 0.0, 0.0])
