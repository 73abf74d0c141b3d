"""The floor plan: who is next to whom, by hand and by walking the light, and the decay with distance."""

import numpy as np
import pytest
from numpy.typing import NDArray

from emulator.errors import PhysicsError
from emulator.physics.chip.floorplan import (
    Coupling,
    adjacent_strengths,
    couple,
    layer_sites,
    spaced_strengths,
    spacing_coupling,
)
from emulator.physics.chip.mesh import triangle
from emulator.streams import stream

OMEGA = 2e-3
CONTACT, DECAY_PER_M = 0.2167, 0.1275e6


def coupling_of(
    shapes: list[tuple[int, int]], heated: NDArray[np.bool_] | None = None, isolated: list[int] | None = None
) -> Coupling:
    """Return K of square-less (thin) layers given as (outputs, inputs)."""
    sites = []
    for outputs, inputs in shapes:
        rank = min(outputs, inputs)
        sites.append(layer_sites(triangle(rank, inputs), rank, triangle(rank, outputs)))
    devices = sum(map(len, sites))
    apart = np.zeros(devices, dtype=np.bool_)
    apart[isolated or []] = True
    return couple(
        sites, np.ones(devices, np.bool_) if heated is None else heated, adjacent_strengths(OMEGA), apart
    )


def edges(matrix: NDArray[np.float64], devices: range) -> set[tuple[int, int]]:
    """Return the coupled pairs (low, high) among ``devices``, counted from the first of them."""
    part = matrix[devices.start : devices.stop, devices.start : devices.stop]
    return {(int(i), int(j)) for i, j in np.argwhere(part) if i < j}


def walked_edges(rows: int, modes: int) -> set[tuple[int, int]]:
    """Return the pairs of rotators that light passes one straight after the other, waveguide by waveguide."""
    last: dict[int, int] = {}
    pairs = set()
    for device, top in enumerate(triangle(rows, modes).upper.tolist()):
        pairs |= {(last[wire], device) for wire in (top, top + 1) if wire in last}
        last[top] = last[top + 1] = device
    return pairs


def test_a_small_triangle_is_adjacent_as_drawn_by_hand() -> None:
    """Light meets (sweep, pair) = (0,2) (0,1) (0,0) (1,2) (1,1) (2,2), on a chip drawn as a triangle."""
    matrix = coupling_of([(4, 4)]).dense()
    drawn = {(0, 1), (1, 2), (1, 3), (2, 4), (3, 4), (4, 5)}
    assert edges(matrix, range(6)) == drawn
    assert edges(matrix, range(6, 10)) == {(0, 1), (1, 2), (2, 3)}
    backwards = {tuple(sorted((5 - i, 5 - j))) for i, j in drawn}
    assert edges(matrix, range(10, 16)) == backwards
    assert np.count_nonzero(matrix) == 2 * (6 + 3 + 6)


@pytest.mark.parametrize(("rows", "modes"), [(2, 2), (3, 3), (6, 6), (4, 9), (24, 64)])
def test_rotators_are_adjacent_when_light_passes_from_one_straight_to_the_other(
    rows: int, modes: int
) -> None:
    """Except along the triangle's long edge, where two rotators share a waveguide but lie two stages apart."""
    mesh = triangle(rows, modes)
    expected = {(i, j) for i, j in walked_edges(rows, modes) if mesh.upper[i] != mesh.upper[j]}
    assert edges(coupling_of([(rows, modes)]).dense(), range(mesh.rotators)) == expected


def test_every_inner_rotator_has_four_neighbours_and_none_has_more() -> None:
    mesh = triangle(8, 8)
    counts = np.count_nonzero(coupling_of([(8, 8)]).dense()[: mesh.rotators, : mesh.rotators], axis=1)
    inner = (mesh.sweep > 0) & (mesh.upper > mesh.sweep) & (mesh.upper < 6)
    assert inner.sum() == 10
    assert (counts[inner] == 4).all()
    assert counts.max() == 4


def test_coupling_is_symmetric_among_active_devices_and_no_passive_device_is_an_aggressor() -> None:
    heated = stream(0, "tests/heated").random(6 * 9) < 0.4
    matrix = coupling_of([(6, 9)], heated).dense()
    among = matrix[np.ix_(heated, heated)]
    np.testing.assert_array_equal(among, among.T)
    assert not matrix[:, ~heated].any()
    assert matrix[np.ix_(~heated, heated)].any()
    full = coupling_of([(6, 9)]).dense()
    np.testing.assert_array_equal(matrix, full * heated)
    np.testing.assert_array_equal(full, full.T)
    assert not full.diagonal().any()
    assert set(np.unique(full)) == {0.0, OMEGA}


def test_isolated_devices_neither_give_nor_receive() -> None:
    matrix = coupling_of([(4, 4)], isolated=[1, 7]).dense()
    assert not matrix[[1, 7]].any()
    assert not matrix[:, [1, 7]].any()
    assert matrix[3, 4] == OMEGA


def test_layers_do_not_warm_each_other_nor_do_triangles_warm_the_sigma_column() -> None:
    matrix = coupling_of([(4, 6), (3, 4)]).dense()
    regions = np.repeat(np.arange(6), [14, 4, 6, 6, 3, 3])
    assert not matrix[regions[:, None] != regions].any()


def test_the_norm_is_the_largest_row_sum() -> None:
    coupling = coupling_of([(6, 9)], stream(1, "tests/heated").random(54) < 0.7)
    assert coupling.norm == pytest.approx(coupling.dense().sum(axis=1).max(), rel=1e-12)
    assert coupling.start[-1] == coupling.victims.size == coupling.weights.size


@pytest.mark.parametrize(("spacing_um", "expected"), [(30, 4.7e-3), (37, 2e-3), (40, 1.3e-3), (60, 1e-4)])
def test_crosstalk_falls_with_distance_as_measured(spacing_um: float, expected: float) -> None:
    assert spacing_coupling(spacing_um * 1e-6, CONTACT, DECAY_PER_M) == pytest.approx(expected, rel=0.05)


def test_the_measured_table_near_the_fits_end_is_met_within_15_percent() -> None:
    for spacing_um, measured in ((23, 0.0104), (24, 0.0091), (25, 0.0081)):
        assert spacing_coupling(spacing_um * 1e-6, CONTACT, DECAY_PER_M) == pytest.approx(measured, rel=0.15)


def test_spacings_below_the_measured_range_are_refused() -> None:
    spacing_coupling(23e-6, CONTACT, DECAY_PER_M)
    with pytest.raises(PhysicsError, match=r"22\.9 um is below the measured range"):
        spacing_coupling(22.9e-6, CONTACT, DECAY_PER_M)
    with pytest.raises(PhysicsError, match="20 um"):
        spaced_strengths(120e-6, 20e-6, 60e-6, CONTACT, DECAY_PER_M)
    with pytest.raises(PhysicsError, match="15 um"):
        spaced_strengths(15e-6, 37e-6, 60e-6, CONTACT, DECAY_PER_M)


def test_spaced_strengths_follow_the_law_over_the_distance_on_the_plan_and_end_at_the_reach() -> None:
    stage_m, pair_m, reach_m = 40e-6, 30e-6, 95e-6
    strengths = spaced_strengths(stage_m, pair_m, reach_m, CONTACT, DECAY_PER_M)
    for (columns, heights), weight in strengths.items():
        distance_m = np.hypot(columns * stage_m, heights * pair_m / 2)
        assert distance_m <= reach_m
        assert weight == pytest.approx(CONTACT * np.exp(-DECAY_PER_M * distance_m), rel=1e-12)
        assert strengths[-columns, -heights] == weight
    assert (0, 0) not in strengths
    assert {(2, 0), (2, 3), (0, 6), (1, 5)} <= strengths.keys()
    assert not {(2, 4), (0, 7), (3, 0)} & strengths.keys()


def test_with_stages_far_apart_only_heaters_of_one_column_couple() -> None:
    strengths = spaced_strengths(120e-6, 37e-6, 60e-6, CONTACT, DECAY_PER_M)
    assert {columns for columns, _ in strengths} == {0}
