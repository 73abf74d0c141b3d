"""Tests of the counted work against torch's own counter and against sums written out."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from controllers.feedback_alignment.dfa import backpropagated, backward, forward
from controllers.feedback_alignment.work import Work, centring_work
from emulator.streams import stream
from experiments.models.mlp import mlp
from experiments.models.mlp_work import (
    backpropagation_work,
    error_work,
    forward_work,
    local_gradient_work,
    output_gradient_work,
    parameter_count,
    projection_work,
    update_work,
)

SIZES, BATCH = (20, 13, 17, 5), 6
HIDDEN, ALL = 13 + 17, 13 + 17 + 5


def _pending():  # type: ignore[no-untyped-def]
    x = torch.tensor(stream(0, "test/cost").normal(size=(BATCH, SIZES[0])), dtype=torch.float32)
    return mlp(SIZES, stream(0, "test/cost")), x, torch.arange(BATCH) % SIZES[-1]


def test_products_of_the_forward_pass_are_those_torch_counts() -> None:
    blocks, x, y = _pending()
    with FlopCounterMode(display=False) as counter:
        forward(blocks, x, y)
    elementwise = BATCH * ALL + BATCH * HIDDEN  # biases and tanh, which the counter leaves out
    assert forward_work(SIZES, BATCH).flops == counter.get_total_flops() + elementwise


def test_products_of_the_backward_pass_are_those_torch_counts_so_no_input_gradient_is_computed() -> None:
    blocks, x, y = _pending()
    pending = forward(blocks, x, y)
    signals = backpropagated(pending)
    with FlopCounterMode(display=False) as counter:
        backward(pending, signals)
    work = local_gradient_work(SIZES, BATCH) + output_gradient_work(SIZES, BATCH)
    elementwise = BATCH * ALL + 3 * BATCH * HIDDEN
    assert work.flops == counter.get_total_flops() + elementwise


def test_products_that_backpropagation_adds_are_those_torch_counts() -> None:
    blocks, x, y = _pending()
    pending = forward(blocks, x, y)
    with FlopCounterMode(display=False) as counter:
        backpropagated(pending)
    assert backpropagation_work(SIZES, BATCH).flops == counter.get_total_flops()


def test_a_projection_takes_two_operations_for_each_entry_and_sample() -> None:
    work = projection_work((784, 1024, 1024, 10), 128)
    assert work.flops == 2 * 128 * 10 * 2048
    assert work.bytes == 4 * (128 * 10 + 10 * 2048 + 128 * 2048)


def test_a_step_of_adam_reads_four_numbers_and_writes_three_for_each_parameter() -> None:
    parameters = sum(p.numel() for block in mlp(SIZES, stream(0, "test/cost")) for p in block.parameters())
    assert parameter_count(SIZES) == parameters
    assert update_work(parameters) == Work(13 * parameters, 28 * parameters)


def test_bytes_count_every_matrix_of_every_step_once() -> None:
    assert forward_work((3, 2), 5).bytes == 4 * (5 * 3 + 3 * 2 + 5 * 2 + 2)
    assert forward_work((3, 2, 4), 5).bytes == forward_work((3, 2), 5).bytes + forward_work(
        (2, 4), 5
    ).bytes + 4 * (5 * 2 * 2)
    assert output_gradient_work((3, 2, 4), 5).bytes == 4 * (5 * 2 + 5 * 4 + 2 * 4 + 4)


@pytest.mark.parametrize("work", [forward_work, local_gradient_work, backpropagation_work, projection_work])
def test_operations_grow_with_the_batch(work) -> None:  # type: ignore[no-untyped-def]
    assert work(SIZES, 3 * BATCH).flops == 3 * work(SIZES, BATCH).flops


def test_centring_reads_a_projection_twice_and_writes_it_once() -> None:
    reads, writes = 2 * BATCH * HIDDEN + HIDDEN, BATCH * HIDDEN + HIDDEN  # each with the mean once
    assert centring_work(HIDDEN, BATCH) == Work(2 * BATCH * HIDDEN, 4 * (reads + writes))


def test_works_add_up() -> None:
    assert Work(1, 2) + Work(3, 4) == Work(4, 6)
    assert error_work(10, 128) == Work(6 * 1280, 8 * 1280)
