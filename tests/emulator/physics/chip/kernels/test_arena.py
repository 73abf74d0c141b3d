"""The memory of light is known before it is taken."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.physics.chip.kernels.arena import make_tape, tape_bytes
from emulator.physics.chip.kernels.tape import checkpoints_of, layer_map
from emulator.physics.chip.mesh import Shape, decompose_matrix
from emulator.streams import stream


@pytest.mark.parametrize("shape", ["thin", "square"])
@settings(max_examples=15, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 45), min_size=2, max_size=4), count=st.integers(1, 70), stops=st.booleans()
)
def test_a_tape_takes_as_many_bytes_as_were_foretold(
    shape: Shape, sizes: list[int], count: int, stops: bool
) -> None:
    rng = stream(sum(sizes), "test")
    weights = [0.01 * rng.normal(size=(o, i)) for i, o in pairwise(sizes)]
    layers = tuple(layer_map(decompose_matrix(w, 3.0, shape), 3.0, shape) for w in weights)
    tape = make_tape(layers, rng.normal(size=(sizes[0], count)), stops)
    taken = sum(
        a.nbytes for a in (tape.light, tape.activations, tape.terms, tape.sums, tape.middle, tape.noise)
    )
    assert taken == tape_bytes([w.shape for w in weights], count, shape, stops)
    for layer, matrix in zip(layers, weights, strict=True):
        assert layer.checkpoints.size == checkpoints_of(matrix.shape[1], matrix.shape[0], shape)
