"""The vocabulary: frozen messages that know no SimPy and no file."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from emulator import commands
from emulator.commands import Batch, Command, Forward, Join, Reply, SetPhases, Settle, Start, Ticket

MESSAGES = sorted(
    {*get_args(Command), *get_args(Reply), Batch} - {type(None)}, key=lambda each: each.__name__
)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda each: each.__name__)
def test_a_message_is_exported_documented_and_immutable(message: type) -> None:
    """A frozen dataclass with slots or, where thousands are made a second, a named tuple."""
    if issubclass(message, tuple):
        assert message._fields  # type: ignore[attr-defined]
    else:
        assert message.__dataclass_params__.frozen  # type: ignore[attr-defined]
        assert "__slots__" in vars(message)
    assert message.__doc__
    assert not message.__doc__.startswith(message.__name__ + "(")
    assert message.__name__ in commands.__all__


def test_a_message_cannot_be_changed_on_its_way() -> None:
    command = SetPhases([1], [0.5])
    with pytest.raises(dataclasses.FrozenInstanceError):
        command.heaters = [2]  # type: ignore[misc]


def test_commands_compare_by_value_and_those_with_arrays_by_identity() -> None:
    assert SetPhases([1], [0.5]) == SetPhases([1], [0.5])
    assert Settle() == Settle(None) != Settle(5)
    assert Join(Ticket(3)) == Join(Ticket(3))
    batch = Batch(0, np.zeros((1, 2)), np.zeros(1, dtype=np.int64))
    assert Start(Forward(batch)) == Start(Forward(batch))
    assert batch != Batch(0, batch.inputs, batch.labels)


def test_a_batch_that_comes_from_no_training_set_names_no_samples() -> None:
    batch = Batch(0, np.zeros((1, 2)), np.zeros(1, dtype=np.int64))
    assert batch.samples.dtype == np.int32
    assert batch.samples.size == 0


def test_the_vocabulary_brings_no_simulator_no_compiler_and_no_file_format() -> None:
    code = (
        "import sys, emulator.commands; print(sorted({'simpy', 'h5py', 'numba', 'torch'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(commands.__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
