"""A vector's light without noise: bit for bit the same alone, beside others and in another order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.instruments.opu.optics import OpuCore
from emulator.instruments.opu.timing import OpuDesign
from tests.opu_lab import random_vectors, small_opu

COUNT, FEATURES = 30, 70
LINEAR = [
    (mode, encoding)
    for mode in ("off_axis", "phase_shifting", "anchor")
    for encoding in ("binary", "ternary", "bitplanes")
]


@pytest.mark.parametrize("outputs", [1, 20, 130])
@pytest.mark.parametrize("store", ["dense", "streamed", "structured"])
@pytest.mark.parametrize("fidelity", ["statistical", "field"])
@pytest.mark.parametrize(("mode", "encoding"), [*LINEAR, ("intensity", "binary")])
@settings(max_examples=3)
@given(data=st.data())
def test_a_vector_does_not_know_its_neighbours(
    mode: str, encoding: str, fidelity: str, store: str, outputs: int, data: st.DataObject
) -> None:
    config = small_opu(
        f"recovery.mode={mode}", f"dmd.encoding={encoding}", f"medium.store={store}", f"fidelity={fidelity}",
        "camera.noise=false",
    )  # fmt: skip
    core = OpuCore(config, OpuDesign(FEATURES, outputs), seed=0)
    vectors = random_vectors(COUNT, FEATURES, encoding)
    chosen = data.draw(st.lists(st.integers(0, COUNT - 1), min_size=1, max_size=40), "vectors")
    np.testing.assert_array_equal(
        core.project(vectors[chosen], 0).outputs, core.project(vectors, 0).outputs[chosen]
    )
    np.testing.assert_array_equal(core.truth(vectors[chosen]), core.truth(vectors)[chosen])
