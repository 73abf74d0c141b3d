"""A layer of a network whose product is made with light."""

import copy
import io
from typing import Any, Literal

import numpy as np
import pytest
import torch

from emulator.adapters.torch_module import OpuProjection
from emulator.config.models import build
from emulator.errors import CommandError, ConfigError
from emulator.instruments.opu.config import OpuConfig
from emulator.physics.opu.gaussian_medium import DenseMedium
from emulator.streams import key_words, stream

QUIET = build(OpuConfig, {"preset": "light_in_the_loop", "camera": {"noise": False}}, "tests")


def vectors(*shape: int) -> torch.Tensor:
    return torch.from_numpy(stream(0, "tests/adapters/torch").standard_normal(shape, dtype=np.float32))


def real_matrix(module: OpuProjection, seed: int) -> torch.Tensor:
    drawn = DenseMedium.draw(module.in_features, module.out_features, key_words(seed, "opu/medium"))
    return torch.from_numpy(drawn.real)


def test_a_ternary_product_without_noise_is_the_real_part_of_the_matrix() -> None:
    layer = OpuProjection(10, 200, encoding="ternary", rescale=None, config=QUIET, seed=4)
    x = torch.sign(vectors(6, 10))
    assert torch.allclose(layer(x), x @ real_matrix(layer, 4), atol=1e-4)


def test_any_numbers_are_projected_in_bit_planes_with_the_camera_s_noise() -> None:
    layer = OpuProjection(20, 500, seed=4)
    x = vectors(64, 20)
    y, truth = layer(x), x @ real_matrix(layer, 4) / np.sqrt(20 / 2)
    assert 0.98 < np.corrcoef(y.ravel(), truth.ravel())[0, 1] < 1


def test_leading_axes_are_kept_and_nothing_carries_a_gradient() -> None:
    y = OpuProjection(5, 12)(vectors(3, 2, 5).requires_grad_())
    assert (y.shape, y.dtype, y.requires_grad) == ((3, 2, 12), torch.float32, False)
    assert OpuProjection(5, 12)(vectors(0, 5)).shape == (0, 12)


def test_a_network_trains_on_top_of_it() -> None:
    torch.manual_seed(0)
    layer = OpuProjection(8, 200, config=QUIET)
    network = torch.nn.Sequential(layer, torch.nn.Tanh(), torch.nn.Linear(200, 1))
    x = vectors(200, 8)
    target = torch.sign(x[:, :1] * x[:, 1:2])
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    losses = []
    for _ in range(150):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(network(x), target)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    assert [name for name, _ in network.named_parameters()] == ["2.weight", "2.bias"]


def test_every_call_costs_time_and_energy() -> None:
    layer = OpuProjection(10, 100, encoding="ternary")
    assert (layer.seconds, layer.joules) == (0.0, 0.0)
    layer(torch.ones(750, 10))
    assert layer.seconds == pytest.approx(1.0, rel=0.01)  # two frames a vector at 1.5 kHz
    assert layer.joules > 30 * layer.seconds


def test_a_copy_has_the_same_matrix_and_a_clock_of_its_own() -> None:
    layer, x = OpuProjection(10, 100), vectors(4, 10)
    y = layer(x)
    kept = io.BytesIO()
    torch.save(layer, kept)
    kept.seek(0)
    for other in (copy.deepcopy(layer), torch.load(kept, weights_only=False)):
        assert other.seconds == 0
        assert torch.equal(other(x), y)


def test_a_state_dict_names_the_matrix_and_fits_no_other() -> None:
    kept = io.BytesIO()
    torch.save(OpuProjection(10, 100, seed=1).state_dict(), kept)
    kept.seek(0)
    state = torch.load(kept)
    OpuProjection(10, 100, seed=1).load_state_dict(state)
    with pytest.raises(ConfigError, match="another matrix"):
        OpuProjection(10, 100, seed=2).load_state_dict(state)


def test_its_text_tells_sizes_encoding_and_recovery() -> None:
    shown = repr(OpuProjection(10, 100, config="opu_gen2", encoding="binary"))
    assert "in_features=10, out_features=100, encoding=binary, recovery=off_axis, seed=0" in shown


@pytest.mark.parametrize("x", [torch.ones(3, 4), torch.ones(3, 10, dtype=torch.float64), torch.tensor(1.0)])
def test_another_shape_or_type_is_refused(x: torch.Tensor) -> None:
    with pytest.raises(CommandError, match=r"allowed is \(\.\.\., 10\) of torch\.float32"):
        OpuProjection(10, 100)(x)


@pytest.mark.parametrize(
    ("encoding", "value", "says"),
    [("ternary", 0.5, "allowed are -1, 0 and 1"), ("bitplanes", np.nan, "finite")],
)
def test_what_the_encoding_cannot_show_is_refused(encoding: Any, value: float, says: str) -> None:
    with pytest.raises(CommandError, match=says):
        OpuProjection(10, 100, encoding=encoding)(torch.full((2, 10), value))


def test_more_outputs_than_the_camera_holds_are_refused() -> None:
    with pytest.raises(ConfigError, match="rows"):
        OpuProjection(10, 600_000)


@pytest.mark.parametrize("outputs", [1, 20, 200])
@pytest.mark.parametrize("encoding", ["binary", "ternary", "bitplanes"])
def test_without_noise_a_row_has_the_same_bits_in_any_batch(
    encoding: Literal["bitplanes", "ternary", "binary"], outputs: int
) -> None:
    layer = OpuProjection(30, outputs, encoding=encoding, config=QUIET)
    x = vectors(50, 30)
    if encoding != "bitplanes":
        x = torch.sign(x).clamp(min=0.0 if encoding == "binary" else -1.0)
    whole = layer(x)
    for chosen in ([49], [7, 3], list(range(49, -1, -1)), list(range(5, 38))):
        assert torch.equal(layer(x[chosen]), whole[chosen])
