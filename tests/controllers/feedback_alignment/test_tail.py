"""Tails of blocks with true gradients, errors at the input of a block, and frozen blocks: against autograd."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from controllers.feedback_alignment.dfa import (
    Split,
    align,
    backpropagate,
    backpropagated,
    backward,
    forward,
)
from controllers.feedback_alignment.odfa import KIND, OdfaConfig
from controllers.feedback_alignment.work import BlockWork, NetworkWork, Work, step_work, total
from emulator.commands import Compute
from emulator.errors import ConfigError
from emulator.streams import stream
from tests.controllers.feedback_alignment.canned_light import light, play, projected
from tests.controllers.feedback_alignment.odfa_lab import HIDDEN, agent, network
from tests.controllers.feedback_alignment.test_odfa_accounts import setting

ROWS, VALUES, CLASSES = 5, 6, 3
SPLITS = [Split(tail, error_at) for tail in (1, 2, 3) for error_at in range(tail + 1)]


def blocks() -> list[torch.nn.Module]:
    torch.manual_seed(0)
    act = torch.nn.Tanh
    hidden = [torch.nn.Sequential(torch.nn.Linear(VALUES, VALUES), act()) for _ in range(3)]
    return [block.double() for block in (*hidden, torch.nn.Linear(VALUES, CLASSES))]


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    rng = stream(0, "tests/tail")
    return torch.from_numpy(rng.standard_normal((ROWS, VALUES))), torch.from_numpy(
        rng.integers(CLASSES, size=ROWS)
    )


def true_gradients(chain: list[torch.nn.Module]) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Return autograd's gradients of each block's parameters, and of each block's input, in one graph."""
    x, y = batch()
    signals = [x.requires_grad_()]
    for block in chain:
        signals.append(block(signals[-1]))
    loss = torch.nn.functional.cross_entropy(signals[-1], y)
    parameters = [p for block in chain for p in block.parameters()]
    found = torch.autograd.grad(loss, [*parameters, *signals])
    return list(found[: len(parameters)]), list(found[len(parameters) :])


def gradients(chain: list[torch.nn.Module]) -> list[torch.Tensor | None]:
    return [p.grad for block in chain for p in block.parameters()]


@pytest.mark.parametrize("split", SPLITS)
def test_the_tail_gets_the_true_gradient_and_the_others_what_is_projected(split: Split) -> None:
    chain = blocks()
    pending = forward(chain, *batch(), split=split)
    expected, _ = true_gradients(blocks())
    zeros = [np.zeros((ROWS, VALUES)) for _ in pending.sizes]
    backward(pending, zeros)
    hidden = 2 * (len(chain) - split.tail)
    for found, true in zip(gradients(chain)[hidden:], expected[hidden:], strict=True):
        torch.testing.assert_close(found, true)
    assert all(found is not None and not found.any() for found in gradients(chain)[:hidden])


@pytest.mark.parametrize("split", SPLITS)
def test_the_error_is_each_rows_gradient_at_the_input_of_the_block(split: Split) -> None:
    _, inputs = true_gradients(blocks())
    pending = forward(blocks(), *batch(), split=split)
    np.testing.assert_allclose(pending.errors, ROWS * inputs[-1 - split.error_at].numpy(), rtol=1e-12)


@pytest.mark.parametrize("split", SPLITS)
def test_true_errors_make_it_backpropagation_in_every_way(split: Split) -> None:
    expected, _ = true_gradients(blocks())
    for by_projection in (True, False):
        chain = blocks()
        pending = forward(chain, *batch(), split=split)
        if by_projection:
            assert all(
                each.parameters == pytest.approx(1.0) for each in align(pending, backpropagated(pending))
            )
            backward(pending, backpropagated(pending))
        else:
            backpropagate(pending)
        for found, true in zip(gradients(chain), expected, strict=True):
            torch.testing.assert_close(found, true)


def test_frozen_blocks_get_no_gradient_and_the_tail_its_own() -> None:
    chain = blocks()
    pending = forward(chain, *batch(), split=Split(tail=2, frozen=True))
    backpropagate(forward(other := blocks(), *batch()))
    backward(pending, [])
    assert gradients(chain)[:4] == [None] * 4
    for found, true in zip(gradients(chain)[4:], gradients(other)[4:], strict=True):
        torch.testing.assert_close(found, true)


def test_what_blocks_are_given_besides_reaches_all_of_them() -> None:
    class Shifted(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gain = torch.nn.Parameter(torch.ones(1))

        def forward(self, x: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
            return self.gain * x + shift

    shift = torch.full((ROWS, 1), 2.0)
    for late in (False, True):
        pending = forward([Shifted(), Shifted()], *batch(), late=late, side=(shift,))
        torch.testing.assert_close(pending.outputs[-1].detach(), batch()[0] + 4.0)


@pytest.mark.parametrize(
    ("tail", "error_at", "word"), [(0, 0, "tail=0"), (5, 0, "tail=5"), (1, 2, "error_at=2")]
)
def test_a_split_that_does_not_fit_is_refused(tail: int, error_at: int, word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        forward(blocks(), *batch(), split=Split(tail, error_at))


@pytest.mark.parametrize(
    ("options", "word"), [({"tail": 3}, r"tail = 3"), ({"error_at": 2}, r"error_at = 2")]
)
def test_a_study_that_asks_for_such_a_split_is_refused_before_it_begins(
    options: dict[str, int], word: str
) -> None:
    with pytest.raises(ConfigError, match=word):
        KIND.start(OdfaConfig(batch_size=8, **options), setting())  # type: ignore[arg-type]


# ------------------------------------------------------------------------------- the agent


def test_the_error_at_the_last_blocks_input_is_what_light_is_shown() -> None:
    units = HIDDEN[-1]
    asked = play(
        agent(network(), error_at=1, threshold=0.0, epochs=1),
        light(np.ones((units, sum(HIDDEN)), dtype=np.float32)),
    )
    assert {vectors.shape[1] for vectors in projected(asked)} == {units}


def test_shallow_learns_in_the_last_block_alone_and_asks_for_no_projection() -> None:
    before, after = network(), network()
    asked = play(agent(after, feedback="shallow"))
    changed = [
        not torch.equal(p, q) for a, b in zip(before, after, strict=True)
        for p, q in zip(a.parameters(), b.parameters(), strict=True)
    ]  # fmt: skip
    assert changed == [False] * 4 + [True] * 2
    assert {c.activity for c in asked if isinstance(c, Compute)} == {"forward", "output_gradient", "update"}


def test_training_ends_after_its_steps_and_tells_of_them_as_often_as_asked() -> None:
    asked = play(agent(network(), feedback="exact", steps=5, report_steps=2))
    told = [command.value for command in asked if getattr(command, "name", "") == "epoch"]
    assert len([c for c in asked if isinstance(c, Compute) and c.activity == "update"]) == 5
    assert told == pytest.approx([16 / 22, (22 + 8) / 22, (22 + 16) / 22])


# ------------------------------------------------------------------------------- what it costs


def works() -> st.SearchStrategy[Work]:
    return st.builds(Work, st.integers(1, 1000), st.integers(1, 1000))


@given(
    st.lists(st.builds(BlockWork, works(), works(), works(), st.integers(1, 99)), min_size=2, max_size=6),
    works(),
    st.data(),
)
def test_backpropagation_costs_the_same_however_the_blocks_are_split(
    found: list[BlockWork], error: Work, data: st.DataObject
) -> None:
    tail = data.draw(st.integers(1, len(found) - 1))
    split = Split(tail, data.draw(st.integers(0, tail)))
    parts = step_work(NetworkWork(tuple(found), error), split)
    expected = total(
        [error, *(b.forward + b.local_gradient for b in found), *(b.input_gradient for b in found[1:])]
    )
    assert total([*parts[:4], parts.local_gradient]) == expected
