"""The Transformer: no token sees what comes later, and its blocks are what a training takes them for."""

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from controllers.feedback_alignment.dfa import Split, backpropagate, backward, forward
from controllers.feedback_alignment.work import step_work
from emulator.errors import ConfigError
from emulator.streams import stream
from experiments.models.model import Blueprint
from experiments.models.transformer import Transformer
from experiments.tasks.text.judge import NEXT_TOKEN

SIZES = (8, 12, 12, 30)


def drawn(seed: int = 0, heads: int | None = 3) -> Transformer:
    return Transformer.drawn(Blueprint(SIZES, heads=heads), stream(seed, "test/weights"))


def tokens(count: int = 4) -> np.ndarray:
    return stream(1, "test/tokens").integers(0, 30, (count, 8)).astype(np.float64)


def test_no_token_sees_what_comes_later() -> None:
    model, x = drawn(), tokens()
    other = x.copy()
    other[:, 5:] = (x[:, 5:] + 1) % 30
    assert (model.answers(x)[:, :5] == model.answers(other)[:, :5]).all()
    assert (model.answers(x)[:, 5:] != model.answers(other)[:, 5:]).any(axis=-1).all()


def test_attention_is_a_share_of_itself_and_what_came_before() -> None:
    looks = drawn().attention(tokens())
    assert looks.shape == (2, 4, 3, 8, 8)
    np.testing.assert_allclose(looks.sum(axis=-1), 1.0, rtol=1e-5)
    assert (np.triu(looks, 1) == 0).all()


def test_attention_shown_is_attention_used() -> None:
    model = drawn()
    first = model.blocks[0]
    with torch.no_grad():
        x = first.embedded(torch.tensor(tokens()))
        attention = first.block.attention
        *_, values = attention._parts(x)
        used = (attention.weights(x) @ values).transpose(1, 2).reshape(x.shape)
        torch.testing.assert_close(attention.out(used), attention(x))


def test_a_shorter_text_is_answered_as_the_beginning_of_a_longer_one() -> None:
    np.testing.assert_allclose(
        drawn().answers(tokens())[:, :3], drawn().answers(tokens()[:, :3]), rtol=1e-4, atol=1e-6
    )


def test_many_windows_are_answered_as_few_are() -> None:
    x = tokens(300)
    np.testing.assert_allclose(drawn().answers(x)[290:], drawn().answers(x[290:]), rtol=1e-4, atol=1e-6)


def test_the_error_at_the_heads_input_has_its_size_and_reaches_every_parameter() -> None:
    model, x = drawn(), torch.tensor(tokens(), dtype=torch.float32)
    pending = forward(model.blocks, x, torch.zeros(4, 8).long(), NEXT_TOKEN.of_tensors, split=Split(2, 1))
    assert (pending.errors.shape, pending.sizes) == ((32, 12), (12,))
    backward(pending, [pending.errors])
    assert all(p.grad is not None for block in model.blocks for p in block.parameters())


@pytest.mark.parametrize(
    ("sizes", "heads", "said"),
    [
        ((8, 12, 16, 30), 4, "as many in every block"),
        ((8, 30), 4, r"task.hidden = \[\] is refused"),
        ((8, 12, 12, 30), 5, "task.heads = 5 is refused: 12 values .*allowed: 1, 2, 3, 4, 6, 12"),
    ],
)
def test_sizes_that_no_transformer_has_are_refused(sizes: tuple[int, ...], heads: int, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Transformer.drawn(Blueprint(sizes, heads=heads), stream(0, "test/weights"))


LARGE, BATCH = (64, 64, 64, 64, 64, 512), 4


def counted(split: Split) -> tuple[int, int]:
    """Return torch's operations of the forward and the backward pass of a training step by true gradients."""
    model = Transformer.drawn(Blueprint(LARGE), stream(0, "test/work"))
    x = torch.tensor(stream(0, "test/work").integers(0, 512, (BATCH, 64)), dtype=torch.float32)
    # The fused kernel of attention is not counted.
    with FlopCounterMode(display=False) as before, sdpa_kernel(SDPBackend.MATH):
        pending = forward(model.blocks, x, x.long(), NEXT_TOKEN.of_tensors, split=split)
    with FlopCounterMode(display=False) as after:
        backpropagate(pending)
    return before.get_total_flops(), after.get_total_flops()


def test_its_work_is_the_products_that_torch_counts_and_a_few_percent_of_other_operations() -> None:
    work = step_work(Transformer.drawn(Blueprint(LARGE), stream(0, "test/work")).work(BATCH))
    ahead, back = counted(Split())
    assert 1.0 < work.forward.flops / ahead < 1.08
    own = work.output_gradient + work.backpropagation + work.local_gradient
    assert 1.0 < own.flops / back < 1.08
