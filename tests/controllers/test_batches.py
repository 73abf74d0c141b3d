"""Mini-batches: nobody is left out or asked twice, and a seed fixes them all."""

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from controllers.batches import mini_batches
from emulator.commands import Batch
from emulator.errors import ConfigError
from emulator.streams import stream


def samples(count: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return inputs and labels of which every row says which sample it is."""
    rows = np.arange(count)
    return np.stack([rows, rows + 0.5, -rows], axis=1).astype(np.float64), rows * 3


def drawn(count: int, batch_size: int, batches: int, seed: int = 0) -> list[Batch]:
    return list(islice(mini_batches(*samples(count), batch_size, stream(seed, "tests/batches")), batches))


@given(batch_size=st.integers(1, 9), per_epoch=st.integers(1, 7), seed=st.integers(0, 2**32))
def test_every_sample_comes_once_in_every_epoch(batch_size: int, per_epoch: int, seed: int) -> None:
    count = batch_size * per_epoch
    batches = drawn(count, batch_size, 3 * per_epoch, seed)
    for epoch in range(3):
        rows = [row for batch in batches[epoch * per_epoch :][:per_epoch] for row in batch.samples.tolist()]
        assert sorted(rows) == list(range(count))


@given(count=st.integers(1, 40), data=st.data())
def test_a_remainder_is_left_out_of_its_epoch_and_no_sample_comes_twice(
    count: int, data: st.DataObject
) -> None:
    batch_size = data.draw(st.integers(1, count))
    per_epoch = count // batch_size
    batches = drawn(count, batch_size, 2 * per_epoch)
    for epoch in (batches[:per_epoch], batches[per_epoch:]):
        rows = [row for batch in epoch for row in batch.samples.tolist()]
        assert len(rows) == len(set(rows)) == per_epoch * batch_size


def test_in_time_a_remainder_comes_too() -> None:
    assert {row for batch in drawn(7, 3, 40) for row in batch.samples.tolist()} == set(range(7))


def test_epochs_differ_in_order() -> None:
    first, second = drawn(50, 50, 2)
    assert first.samples.tolist() != second.samples.tolist() != list(range(50))


def test_keys_ascend_from_zero_across_epochs() -> None:
    assert [batch.key for batch in drawn(10, 4, 9)] == list(range(9))


def test_inputs_and_labels_are_the_rows_that_samples_name() -> None:
    inputs, labels = samples(12)
    for batch in drawn(12, 5, 6):
        assert np.array_equal(batch.inputs, inputs[batch.samples])
        assert np.array_equal(batch.labels, labels[batch.samples])
        assert batch.inputs.flags.c_contiguous
        kinds = [array.dtype.name for array in (batch.inputs, batch.labels, batch.samples)]
        assert kinds == ["float64", "int64", "int32"]


def test_inputs_that_lie_column_by_column_come_row_by_row() -> None:
    inputs, labels = samples(6)
    batch = next(mini_batches(np.asfortranarray(inputs), labels, 4, stream(0, "tests/batches")))
    assert batch.inputs.flags.c_contiguous


def test_a_batch_shares_no_memory_with_the_set() -> None:
    inputs, labels = samples(6)
    batch = next(mini_batches(inputs, labels, 6, stream(0, "tests/batches")))
    assert not np.shares_memory(batch.inputs, inputs)
    assert not np.shares_memory(batch.labels, labels)


def test_the_same_stream_gives_the_same_batches_and_another_stream_others() -> None:
    first, again, other = ([batch.samples.tolist() for batch in drawn(20, 4, 12, seed)] for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("batch_size", [0, -1, 11])
def test_a_size_that_cannot_be_served_is_refused_before_the_first_batch(batch_size: int) -> None:
    with pytest.raises(ConfigError, match=rf"10 samples, batch_size = {batch_size} "):
        mini_batches(*samples(10), batch_size, stream(0, "tests/batches"))


def test_an_empty_set_is_refused() -> None:
    with pytest.raises(ConfigError, match="0 samples"):
        mini_batches(*samples(0), 1, stream(0, "tests/batches"))
