"""A layer of a network whose product is made with light."""

import copy
import io
import warnings
from collections.abc import Callable
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
    with pytest.raises(CommandError, match=r"allowed is a tensor \(\.\.\., 10\) of torch\.float32"):
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


def exact_layer() -> OpuProjection:
    return OpuProjection(10, 200, encoding="ternary", config=QUIET, seed=4)


def dense(x: torch.Tensor) -> torch.Tensor:
    """Return what ``exact_layer`` makes of ``x``, by a matrix product."""
    return x @ real_matrix(exact_layer(), 4) / np.sqrt(10 / 2)


def compiled(layer: OpuProjection, backend: str = "eager") -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.compile(torch.nn.Sequential(torch.nn.Identity(), layer), backend=backend)


def test_a_compiled_network_breaks_its_graph_at_the_light_and_measures_in_every_call() -> None:
    layer, x = exact_layer(), torch.sign(vectors(6, 10))
    network = compiled(layer)
    for _ in range(2):
        assert torch.allclose(network(x), dense(x), atol=1e-4)
    assert layer.seconds == pytest.approx(2 * 12 / 1500, rel=0.1)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated:DeprecationWarning")
def test_inductor_compiles_what_surrounds_the_light() -> None:
    layer, x = exact_layer(), torch.sign(vectors(6, 10))
    network = torch.compile(torch.nn.Sequential(layer, torch.nn.Tanh()), backend="inductor")
    assert torch.allclose(network(x), torch.tanh(dense(x)), atol=1e-4)


TOOLS_THAT_WANT_A_GRAPH: dict[str, Callable[[OpuProjection, torch.Tensor], Any]] = {
    "jit.trace": lambda layer, x: torch.jit.trace(layer, x, check_trace=False),  # type: ignore[no-untyped-call]
    "jit.script": lambda layer, _: torch.jit.script(layer),
    "export": lambda layer, x: torch.export.export(layer, (x,)),
    "vmap": lambda layer, x: torch.func.vmap(layer)(x),
    "func.grad": lambda layer, x: torch.func.grad(lambda z: layer(z).sum())(x),
    "jvp": lambda layer, x: torch.func.jvp(layer, (x,), (x,)),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("tool", TOOLS_THAT_WANT_A_GRAPH)
def test_what_wants_a_graph_or_a_derivative_is_refused_and_no_light_is_spent(tool: str) -> None:
    layer = exact_layer()
    with pytest.raises(CommandError, match=r"no graph can hold it; allowed: torch\.compile"):
        TOOLS_THAT_WANT_A_GRAPH[tool](layer, torch.ones(2, 10))
    assert layer.seconds == 0


@pytest.mark.parametrize(
    "change",
    [
        copy.copy,
        copy.deepcopy,
        lambda layer: layer.double(),
        lambda layer: layer.half(),
        lambda layer: layer.to("cpu", torch.bfloat16),
        lambda layer: layer.eval(),
        lambda layer: layer.train(),
        lambda layer: layer.share_memory(),
        lambda layer: layer._replicate_for_data_parallel(),
    ],
)
def test_copies_and_conversions_leave_the_product_as_it_is(
    change: Callable[[OpuProjection], OpuProjection],
) -> None:
    x = torch.sign(vectors(3, 10))
    assert torch.allclose(change(exact_layer())(x), dense(x), atol=1e-4)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_every_mode_of_gradients_measures_alike(mode: Callable[[], Any]) -> None:
    x = torch.sign(vectors(3, 10))
    with mode():
        y = exact_layer()(x.clone().requires_grad_())
    assert torch.allclose(y, dense(x), atol=1e-4)
    assert not y.requires_grad


def test_autocast_brings_its_short_numbers_back_to_single_precision() -> None:
    x = torch.sign(vectors(3, 10))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = exact_layer()(x.bfloat16())
    assert y.dtype == torch.float32
    assert torch.allclose(y, dense(x), atol=1e-4)


def test_second_derivatives_of_what_comes_after_the_light_are_those_without_it() -> None:
    x, after = torch.sign(vectors(3, 10)), torch.nn.Linear(200, 1)
    weight = after.weight
    loss = after(exact_layer()(x)).square().sum()
    (first,) = torch.autograd.grad(loss, weight, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), weight)
    y = dense(x)
    assert torch.allclose(second, 2 * (y.sum(dim=1, keepdim=True) * y).sum(dim=0), rtol=1e-3, atol=1e-2)


def test_a_buffer_that_is_filled_again_is_read_again() -> None:
    layer, buffer = exact_layer(), torch.ones(3, 10)
    first = layer(buffer)
    buffer.neg_()
    assert torch.allclose(layer(buffer), -first, atol=1e-4)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [0.0] * 10,
        np.ones((2, 10), dtype=np.float32),
        torch.ones(2, 10).to_sparse(),
        torch.ones(2, 10, dtype=torch.bool),
        torch.ones(2, 10, dtype=torch.int64),
        torch.ones(2, 10, dtype=torch.float16),
        torch.ones(2, 10, dtype=torch.complex64),
        torch.ones(2, 10, device="meta"),
    ],
    ids=str,
)
def test_what_is_no_dense_float_tensor_is_refused(wrong: Any) -> None:
    with pytest.raises(CommandError, match=r"\(\.\.\., 10\) of torch\.float32"):
        exact_layer()(wrong)


@pytest.mark.parametrize("wrong", ["x", None, torch.zeros(2), torch.tensor([4, 10, 201])])
def test_a_state_of_something_else_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigError, match="the state is"):
        exact_layer().load_state_dict({"_extra_state": wrong})
