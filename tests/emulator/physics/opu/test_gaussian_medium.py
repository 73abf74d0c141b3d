"""The Gaussian medium against the stream of normals it is drawn from, and against random-matrix theory."""

import numpy as np
import pytest
from numpy.typing import NDArray

from emulator.physics.gaussian import BLOCK, normals
from emulator.physics.opu import gaussian_medium
from emulator.physics.opu.gaussian_medium import DenseMedium, StreamedMedium
from emulator.streams import key_words, stream

KEY = key_words(0, "tests/medium")
Indices = NDArray[np.int64]


@pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (3, 128), (300, 1500), (10, 5000)])
def test_both_stores_hold_the_same_bits(inputs: int, outputs: int) -> None:
    unit = np.eye(inputs, dtype=np.float32)
    dense, streamed = DenseMedium.draw(inputs, outputs, KEY), StreamedMedium.draw(inputs, outputs, KEY)
    np.testing.assert_array_equal(dense.fields(unit), streamed.fields(unit))


def test_an_entry_is_a_pair_of_normals_of_its_inputs_draw() -> None:
    t = DenseMedium.draw(3, 300, KEY).fields(np.eye(3, dtype=np.float32))
    for draw in range(3):
        drawn = normals(3 * BLOCK, draw, KEY).reshape(3, 2, BLOCK // 2)
        expected = (drawn[:, 0] + 1j * drawn[:, 1]).ravel()[:300] / np.sqrt(2)
        np.testing.assert_allclose(t[draw], expected, rtol=1e-6)


def test_a_larger_medium_contains_the_smaller_one() -> None:
    small, large = DenseMedium.draw(5, 200, KEY), DenseMedium.draw(9, 1000, KEY)
    np.testing.assert_array_equal(small.real, large.real[:5, :200])
    np.testing.assert_array_equal(small.imaginary, large.imaginary[:5, :200])


@pytest.mark.parametrize("kind", [DenseMedium, StreamedMedium])
def test_singular_values_fill_the_law_of_marchenko_and_pastur(
    kind: type[DenseMedium | StreamedMedium],
) -> None:
    """Those of T / sqrt(outputs) lie in [1 - r, 1 + r], r^2 = inputs/outputs; edges blur as outputs^(-2/3)."""
    inputs, outputs = 256, 1024
    t = kind.draw(inputs, outputs, KEY).fields(np.eye(inputs, dtype=np.float32)) / np.sqrt(outputs)
    values = np.linalg.svd(t, compute_uv=False)
    assert values.min() == pytest.approx(0.5, abs=3 * outputs ** (-2 / 3))
    assert values.max() == pytest.approx(1.5, abs=3 * outputs ** (-2 / 3))
    assert (values**4).mean() == pytest.approx(1 + inputs / outputs, rel=0.01)


def test_only_lit_inputs_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    draw_entries = gaussian_medium._draw_entries

    def spy(real: object, imaginary: object, inputs: Indices, outputs: Indices, *key: int) -> None:
        drawn.extend(inputs.tolist())
        draw_entries(real, imaginary, inputs, outputs, *key)

    monkeypatch.setattr(gaussian_medium, "_draw_entries", spy)
    x = np.zeros((2, 100_000), dtype=np.float32)
    x[0, 70_000], x[1, 5] = 2.0, -1.0
    fields = StreamedMedium.draw(100_000, 40, KEY).fields(x)
    assert drawn == [5, 70_000]
    expected = 2.0 * normals(BLOCK, 70_000, KEY)[:40] / np.sqrt(2)
    np.testing.assert_allclose(fields[0].real, expected, rtol=1e-6)


def test_a_streamed_medium_keeps_no_entry() -> None:
    assert StreamedMedium.draw(10**9, 100, KEY).stored_bytes == 800


def test_more_inputs_than_a_panel_holds_add_up() -> None:
    x = stream(0, "tests/long").standard_normal((3, 700)).astype(np.float32)
    dense, streamed = DenseMedium.draw(700, 1100, KEY), StreamedMedium.draw(700, 1100, KEY)
    np.testing.assert_allclose(streamed.fields(x), dense.fields(x), atol=2e-4, rtol=0)
    np.testing.assert_allclose(streamed.real_fields(x), dense.real_fields(x), atol=2e-4, rtol=0)
