"""Tests of noise, of what a network is shown of it, and of the way back."""

import numpy as np
import pytest
import torch

from emulator.streams import stream
from experiments.tasks.diffusion.noise import TIME_VALUES, Diffusion, drawn, time_values

DIFFUSION = Diffusion(3)


def test_what_is_shown_is_the_schedule_written_out() -> None:
    x, y = torch.rand(5, 4, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 2, 0, 1])
    shown = DIFFUSION(x, y, stream(0, "test/noise"))
    rng = stream(0, "test/noise")
    t = rng.random(5, dtype=np.float32)[:, None]
    e = rng.standard_normal((5, 4), dtype=np.float32)
    a, s, picture = np.cos(np.pi * t / 2), np.sin(np.pi * t / 2), 2 * x.numpy() - 1
    assert np.allclose(shown.inputs.numpy(), a * picture + s * e, atol=1e-5)
    assert np.allclose(shown.targets.numpy(), a * e - s * picture, atol=1e-5)


def test_picture_and_noise_follow_from_v() -> None:
    x, y = torch.full((1, 4), 0.25), torch.tensor([1])
    shown = DIFFUSION(x, y, stream(1, "test/noise"))
    t = stream(1, "test/noise").random(1, dtype=np.float32)[0]
    back = np.cos(np.pi * t / 2) * shown.inputs - np.sin(np.pi * t / 2) * shown.targets
    assert np.allclose(back, 2 * x - 1, atol=1e-5)


def test_a_sample_is_told_its_time_and_its_class() -> None:
    (side,) = DIFFUSION(torch.zeros(3, 4), torch.tensor([2, 0, 1]), stream(0, "test/noise")).side
    assert side.shape == (3, DIFFUSION.side) == (3, TIME_VALUES + 3)
    assert side[:, TIME_VALUES:].argmax(dim=1).tolist() == [2, 0, 1]


def test_different_times_are_told_by_different_values() -> None:
    values = time_values(np.linspace(0, 1, 50, dtype=np.float32))
    apart = np.linalg.norm(values[:, None] - values[None], axis=-1) + 10 * np.eye(50)
    assert apart.min() > 0.1


def test_whoever_knows_the_pictures_draws_them_out_of_noise() -> None:
    truth = np.array([[0.1, 0.9], [0.6, 0.2]], dtype=np.float32)

    def knows(x: np.ndarray, side: "tuple[torch.Tensor, ...]") -> np.ndarray:
        """Return the v of noise whose picture is the truth of the class that is told."""
        known = side[0].numpy()
        labels = known[:, TIME_VALUES:].argmax(axis=1)
        times = np.linspace(0, 1, 41, dtype=np.float32)
        now = times[np.abs(time_values(times)[:, None] - known[None, :, :TIME_VALUES]).sum(-1).argmin(0)][
            :, None
        ]
        a, s = np.cos(np.pi * now / 2), np.sin(np.pi * now / 2)
        picture = 2 * truth[labels] - 1
        return np.asarray(a * (x - a * picture) / s - s * picture)

    found = drawn(knows, lambda tiles: tiles, DIFFUSION, np.array([0, 1, 1]), 2, stream(0, "test/noise"))
    assert found == pytest.approx(truth[[0, 1, 1]], abs=1e-4)
