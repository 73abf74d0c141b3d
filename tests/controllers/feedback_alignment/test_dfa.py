"""Tests of direct feedback alignment against backpropagation and against its equations written out."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from controllers.feedback_alignment.dfa import FloatArray, Pending, align, backpropagated, backward, forward
from emulator.errors import CommandError, ConfigError, DivergedError
from emulator.streams import stream
from experiments.models.mlp import mlp

SAMPLES, SIZES = 7, (6, 5, 4, 3)
Blocks = list[nn.Module]


def _draw(name: str, *shape: int) -> torch.Tensor:
    return torch.tensor(stream(0, f"test/dfa/{name}").normal(size=shape))


def _labels() -> torch.Tensor:
    return torch.arange(SAMPLES) % SIZES[-1]


def _mlp(activation: Callable[[], nn.Module] = nn.Tanh) -> Blocks:
    return [block.double() for block in mlp(SIZES, stream(0, "test/dfa/weights"), activation)]


def _conv_and_norm() -> Blocks:
    """Return a network over pictures whose blocks hold several layers each."""
    blocks: Blocks = [
        nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.Conv2d(3, 2, 3), nn.Tanh()).double(),
        nn.Sequential(nn.Flatten(), nn.Linear(2 * 4 * 4, 8), nn.LayerNorm(8), nn.GELU()).double(),
        nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, SIZES[-1])).double(),
    ]
    for number, parameter in enumerate(p for block in blocks for p in block.parameters()):
        parameter.data = 0.5 * _draw(f"conv/{number}", *parameter.shape)
    return blocks


CASES = {
    "mlp": (_mlp, (SAMPLES, SIZES[0])),
    "conv and LayerNorm": (_conv_and_norm, (SAMPLES, 1, 6, 6)),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[Blocks, torch.Tensor]:
    build, shape = CASES[request.param]
    return build(), _draw("x", *shape)


def _gradients(blocks: Blocks) -> list[torch.Tensor]:
    found = []
    for block in blocks:
        for parameter in block.parameters():
            assert parameter.grad is not None
            found.append(parameter.grad.clone())
    return found


def _by_autograd(blocks: Blocks, x: torch.Tensor) -> list[torch.Tensor]:
    loss = nn.functional.cross_entropy(nn.Sequential(*blocks)(x), _labels())
    return list(torch.autograd.grad(loss, [p for block in blocks for p in block.parameters()]))


def _random_signals(pending: Pending) -> list[FloatArray]:
    return [_draw(f"signal/{i}", SAMPLES, size).numpy() for i, size in enumerate(pending.sizes)]


def _close(left: list[torch.Tensor], right: list[torch.Tensor]) -> bool:
    pairs = zip(left, right, strict=True)
    return all(torch.allclose(a, b, rtol=1e-10, atol=1e-13) for a, b in pairs)


def test_errors_are_softmax_minus_one_hot_of_each_sample() -> None:
    blocks, x = _mlp(), _draw("x", SAMPLES, SIZES[0])
    logits = nn.Sequential(*blocks)(x).detach().numpy()
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    pending = forward(blocks, x, _labels())
    assert np.allclose(pending.errors, softmax - np.eye(3)[_labels()], rtol=0, atol=1e-14)
    assert pending.loss == pytest.approx(-np.log(softmax[np.arange(SAMPLES), _labels()]).mean(), rel=1e-12)


def test_backpropagated_signals_make_it_backpropagation(case: tuple[Blocks, torch.Tensor]) -> None:
    blocks, x = case
    pending = forward(blocks, x, _labels())
    backward(pending, backpropagated(pending))
    assert _close(_gradients(blocks), _by_autograd(blocks, x))


def test_in_a_linear_network_the_true_transposed_weights_make_it_backpropagation() -> None:
    blocks, x = _mlp(nn.Identity), _draw("x", SAMPLES, SIZES[0])
    _, second, third = (next(block.parameters()).detach().numpy() for block in blocks)
    pending = forward(blocks, x, _labels())
    backward(pending, [pending.errors @ third @ second, pending.errors @ third])
    assert _close(_gradients(blocks), _by_autograd(blocks, x))


def test_with_one_hidden_tanh_layer_the_last_weights_make_it_backpropagation() -> None:
    blocks = [block.double() for block in mlp((6, 5, 3), stream(0, "test/dfa/weights"))]
    x = _draw("x", SAMPLES, 6)
    pending = forward(blocks, x, _labels())
    backward(pending, [pending.errors @ next(blocks[1].parameters()).detach().numpy()])
    assert _close(_gradients(blocks), _by_autograd(blocks, x))


def test_gradients_are_those_of_the_papers_equation() -> None:
    """Eq. 3, with the sign of a gradient: dW_i = [(B_i e) * f'(a_i)] h_(i-1)^T, averaged over samples."""
    blocks, x = _mlp(), _draw("x", SAMPLES, SIZES[0])
    pending = forward(blocks, x, _labels())
    signals = _random_signals(pending)
    backward(pending, signals)
    inputs = x.numpy()
    for block, signal in zip(blocks[:-1], signals, strict=True):
        weight, bias = block.parameters()
        h = np.tanh(inputs @ weight.detach().numpy().T + bias.detach().numpy())
        delta = signal * (1 - h**2) / SAMPLES
        assert weight.grad is not None
        assert bias.grad is not None
        assert np.allclose(weight.grad.numpy(), delta.T @ inputs, rtol=0, atol=1e-14)
        assert np.allclose(bias.grad.numpy(), delta.sum(axis=0), rtol=0, atol=1e-14)
        inputs = h


def test_the_last_block_gets_the_true_gradient_whatever_is_projected(
    case: tuple[Blocks, torch.Tensor],
) -> None:
    blocks, x = case
    pending = forward(blocks, x, _labels())
    backward(pending, _random_signals(pending))
    last = _gradients(blocks[-1:])
    assert _close(last, _by_autograd(blocks, x)[-len(last) :])


def test_no_gradient_leaks_from_one_block_into_another(case: tuple[Blocks, torch.Tensor]) -> None:
    blocks, x = case
    pending = forward(blocks, x, _labels())
    first, second = _random_signals(pending)
    backward(pending, [np.zeros_like(first), second])
    assert not any(gradient.any() for gradient in _gradients(blocks[:1]))
    assert all(gradient.any() for gradient in _gradients(blocks[1:2]))


def test_gradients_are_added_as_torch_does() -> None:
    blocks, x = _mlp(), _draw("x", SAMPLES, SIZES[0])
    once: list[torch.Tensor] = []
    for _ in range(2):
        pending = forward(blocks, x, _labels())
        backward(pending, _random_signals(pending))
        once = once or _gradients(blocks)
    assert _close(_gradients(blocks), [2 * gradient for gradient in once])


def test_a_late_backward_pass_gives_the_gradient_at_the_weights_of_the_forward_pass(
    case: tuple[Blocks, torch.Tensor],
) -> None:
    blocks, x = case
    pending = forward(blocks, x, _labels())
    backward(pending, _random_signals(pending))
    prompt = _gradients(blocks)
    late = forward(blocks, x, _labels(), late=True)
    for block in blocks:
        block.zero_grad()
        with torch.no_grad():
            for parameter in block.parameters():
                parameter.add_(1.0)
    backward(late, _random_signals(late))
    assert _close(_gradients(blocks), prompt)


def test_backpropagation_is_aligned_with_itself(case: tuple[Blocks, torch.Tensor]) -> None:
    blocks, x = case
    pending = forward(blocks, x, _labels())
    found = align(pending, backpropagated(pending))
    assert np.allclose(found, 1.0, rtol=0, atol=1e-12)
    opposed = align(pending, [-signal for signal in backpropagated(pending)])
    assert np.allclose(opposed, -1.0, rtol=0, atol=1e-12)


def test_alignment_is_the_cosine_with_autograds_gradient() -> None:
    blocks, x = _mlp(), _draw("x", SAMPLES, SIZES[0])
    true = _by_autograd(blocks, x)
    pending = forward(blocks, x, _labels())
    signals = _random_signals(pending)
    found = align(pending, signals)
    outputs = [a.ravel() @ b.ravel() for a, b in zip(signals, backpropagated(pending), strict=True)]
    norms = [
        np.linalg.norm(a) * np.linalg.norm(b) for a, b in zip(signals, backpropagated(pending), strict=True)
    ]
    backward(pending, signals)  # comparing has left the graphs as they were
    own = _gradients(blocks)
    for block in range(2):
        a = torch.cat([g.ravel() for g in own[2 * block : 2 * block + 2]])
        b = torch.cat([g.ravel() for g in true[2 * block : 2 * block + 2]])
        assert found[block].parameters == pytest.approx(float(a @ b / a.norm() / b.norm()), abs=1e-12)
        assert found[block].output == pytest.approx(outputs[block] / norms[block], abs=1e-12)


def test_a_dark_projection_is_aligned_with_nothing() -> None:
    pending = forward(_mlp(), _draw("x", SAMPLES, SIZES[0]), _labels())
    assert align(pending, [np.zeros((SAMPLES, size)) for size in pending.sizes]) == ((0.0, 0.0), (0.0, 0.0))


def test_another_loss_brings_its_own_errors() -> None:
    blocks, x, target = _mlp(), _draw("x", SAMPLES, SIZES[0]), _draw("target", SAMPLES, SIZES[-1])

    def squared(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return ((outputs - targets) ** 2).sum(dim=1).mean()

    pending = forward(blocks, x, target, squared)
    expected = 2 * (nn.Sequential(*blocks)(x) - target).detach().numpy()
    assert np.allclose(pending.errors, expected, rtol=0, atol=1e-14)


def test_a_network_over_tokens_projects_every_tokens_error() -> None:
    tokens, vocabulary, width = 4, 5, 6
    embedding = nn.Embedding(vocabulary, width, _weight=_draw("embedding", vocabulary, width))
    head = nn.utils.skip_init(nn.Linear, width, vocabulary, dtype=torch.float64)
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.copy_(_draw("head", *parameter.shape))
    x = torch.arange(SAMPLES * tokens).reshape(SAMPLES, tokens) % vocabulary

    def per_token(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(outputs.flatten(0, 1), targets.flatten())

    pending = forward([embedding, head], x, x, per_token)
    assert pending.errors.shape == (SAMPLES * tokens, vocabulary)
    assert pending.sizes == (width,)
    backward(pending, [pending.errors @ head.weight.detach().numpy()])
    found = _gradients([embedding, head])
    for parameter in (*embedding.parameters(), *head.parameters()):
        parameter.grad = None
    per_token(head(embedding(x)), x).backward()
    assert _close(found, _gradients([embedding, head]))


def test_a_block_without_parameters_passes_and_frozen_ones_stay() -> None:
    first, last = mlp((6, 5, 3), stream(0, "test/dfa/weights"))
    frozen = next(first.parameters()).requires_grad_(False)
    blocks = [first.double(), nn.ReLU(), last.double()]
    pending = forward(blocks, _draw("x", SAMPLES, 6), _labels())
    signals = _random_signals(pending)
    assert align(pending, signals)[1].parameters == 0.0
    backward(pending, signals)
    assert frozen.grad is None
    assert next(last.parameters()).grad is not None


def test_a_weight_that_two_blocks_share_gets_both_gradients() -> None:
    shared = nn.utils.skip_init(nn.Linear, 4, 4, bias=False, dtype=torch.float64)
    with torch.no_grad():
        shared.weight.copy_(_draw("shared", 4, 4))
    blocks = [nn.Sequential(shared, nn.Tanh()), shared]
    x, y = _draw("x", SAMPLES, 4), torch.arange(SAMPLES) % 4
    for late in (False, True):
        shared.zero_grad()
        pending = forward(blocks, x, y, late=late)
        backward(pending, backpropagated(pending))
        loss = nn.functional.cross_entropy(nn.Sequential(*blocks)(x), y)
        assert _close(_gradients([shared]), list(torch.autograd.grad(loss, [shared.weight])))


def test_two_equal_runs_give_equal_bits() -> None:
    results = []
    for _ in range(2):
        blocks = mlp(SIZES, stream(0, "test/dfa/weights"))
        optimizer = torch.optim.Adam([p for block in blocks for p in block.parameters()])
        x = _draw("x", SAMPLES, SIZES[0]).float()
        for _ in range(5):
            pending = forward(blocks, x, _labels())
            optimizer.zero_grad()
            backward(pending, _random_signals(pending))
            optimizer.step()
        results.append([p.detach().numpy().tobytes() for block in blocks for p in block.parameters()])
    assert results[0] == results[1]


def test_projections_in_other_precisions_and_read_only_ones_are_taken() -> None:
    blocks, x = mlp(SIZES, stream(0, "test/dfa/weights")), _draw("x", SAMPLES, SIZES[0]).float()
    pending = forward(blocks, x, _labels())
    assert pending.errors.dtype == np.float32
    signals = _random_signals(pending)
    for signal in signals:
        signal.setflags(write=False)
    backward(pending, signals)
    assert all(gradient.dtype == torch.float32 for gradient in _gradients(blocks))


@pytest.mark.parametrize("shapes", [[], [(7, 5)], [(7, 4), (7, 5)], [(6, 5), (7, 4)], [(35,), (28,)]])
def test_projections_of_other_shapes_are_refused_with_the_right_ones(shapes: list[tuple[int, ...]]) -> None:
    pending = forward(_mlp(), _draw("x", SAMPLES, SIZES[0]), _labels())
    with pytest.raises(CommandError, match=r"must be \[\(7, 5\), \(7, 4\)\]"):
        backward(pending, [np.zeros(shape) for shape in shapes])


def test_what_is_not_finite_is_refused() -> None:
    x = _draw("x", SAMPLES, SIZES[0])
    pending = forward(_mlp(), x, _labels())
    with pytest.raises(DivergedError, match="projected error"):
        backward(pending, [np.full((SAMPLES, 5), np.nan), np.zeros((SAMPLES, 4))])
    with pytest.raises(DivergedError, match="the loss is nan"):
        forward(_mlp(), x * float("nan"), _labels())


def test_a_network_without_blocks_is_refused() -> None:
    with pytest.raises(ConfigError, match="no blocks"):
        forward([], _draw("x", SAMPLES, SIZES[0]), _labels())


def test_importing_the_controllers_does_not_import_torch() -> None:
    code = (
        "import sys, controllers.feedback_alignment.dfa, experiments.models.mlp\n"
        "import controllers.registry; print('torch' in sys.modules)"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "False"
