"""The heat of a whole chip against SciPy's integrator, dense algebra and the paper's Omega Gamma Phi."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse
from scipy.integrate import solve_ivp
from scipy.sparse.linalg import spsolve

from emulator.instruments.chip.config import HeaterConfig
from emulator.instruments.chip.state import ChipCore, Design, device_gains
from emulator.physics.chip.heaters import substrate_step
from emulator.physics.chip.mesh import LayerPhases
from emulator.streams import stream
from tests.builders import ideal_chip, random_batch, random_design

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
TAU_PS = 1_220_000
LONG_PS = 80 * TAU_PS
SMALL, FULL = (8, 6, 4), (64, 24, 24, 10)
TWO_PI = 2 * np.pi


@dataclass(frozen=True)
class HeatStep:
    """Drive some heaters to some phases, then wait."""

    heaters: Ints
    phases: Floats
    waited_ps: int


def heating(omega: float = 2e-3, **other: float | str | bool) -> HeaterConfig:
    settings = {"sigma_gamma": 0.0, "omega": omega, "dynamics": "dynamic", "tau_s": TAU_PS * 1e-12}
    return HeaterConfig.model_validate(settings | other)


def wait(core: ChipCore, passed_ps: int) -> None:
    """Let time pass, and nothing else happen."""
    core.drive(np.empty(0, dtype=np.int64), np.empty(0), passed_ps)


def places(layer: LayerPhases) -> Floats:
    """Restate the floor plan of a thin layer: (region, column, pair) of its devices, in device order."""
    outputs, inputs = layer.shape
    rank = min(outputs, inputs)
    v = [(0, inputs - 2 - p + 2 * i, p) for i in range(rank) for p in range(inputs - 2, i - 1, -1)]
    u = [(2, outputs - 2 - p + 2 * i, p) for i in range(rank) for p in range(outputs - 2, i - 1, -1)]
    return np.array(v + [(1, 0, row) for row in range(rank)] + u[::-1], dtype=np.float64).reshape(-1, 3)


def restated_coupling(design: Design, omega: float, heated: NDArray[np.bool_]) -> sparse.csr_array:
    """Restate K: omega between rotators one stage and one pair apart, and along the Sigma column."""
    blocks = []
    for layer in design.layers:
        region, column, pair = (np.abs(a[:, None] - a) for a in places(layer).T)
        sigma = places(layer)[:, 0] == 1
        blocks.append((region == 0) & (pair == 1) & np.where(sigma, column == 0, column == 1))
    return sparse.csr_array(sparse.block_diag(blocks) * omega @ sparse.diags_array(heated.astype(float)))


def heat_steps(design: Design, seed: int, count: int) -> list[HeatStep]:
    rng = stream(seed, "tests/steps")
    active = np.flatnonzero(design.active)
    steps = []
    for _ in range(count):
        heaters = rng.choice(active, rng.integers(1, active.size + 1), replace=False)
        phases = rng.uniform(0, TWO_PI, heaters.size)
        steps.append(HeatStep(heaters, phases, int(rng.integers(TAU_PS // 20, 3 * TAU_PS))))
    return steps


def integrated(coupling: sparse.csr_array, heat: Floats, start: Floats, waited_ps: int) -> Floats:
    """Integrate the thermal network with SciPy, at the tightest tolerance that it takes seriously."""
    solution = solve_ivp(
        lambda _, t: heat - t + coupling @ t,
        (0.0, waited_ps / TAU_PS),
        start,
        method="DOP853",
        rtol=1e-12,
        atol=1e-14,
    )
    assert solution.success
    return np.asarray(solution.y[:, -1])


@pytest.mark.parametrize(
    ("sizes", "active", "omega", "seed"),
    [
        (SMALL, 1.0, 2e-3, 0),
        (SMALL, 0.5, 0.05, 1),
        (SMALL, 0.15, 0.2, 2),
        (FULL, 0.15, 2e-3, 3),
        (FULL, 0.8, 0.1, 4),
    ],
)
def test_heat_follows_the_thermal_network_as_scipy_integrates_it(
    sizes: tuple[int, ...], active: float, omega: float, seed: int
) -> None:
    design = random_design(sizes, seed, active=active)
    core = ChipCore(ideal_chip(heating(omega)), design, seed)
    coupling = restated_coupling(design, omega, design.active)
    static = np.where(design.active, 0.0, design.phases())
    heat = design.phases() - static
    temperature = spsolve(sparse.eye_array(heat.size, format="csc") - coupling.tocsc(), heat)
    np.testing.assert_allclose(core.phases(), static + temperature, rtol=1e-11, atol=1e-12)
    for step in heat_steps(design, seed, 4):
        core.drive(step.heaters, step.phases, 0)
        heat[step.heaters] = step.phases
        wait(core, step.waited_ps)
        temperature = integrated(coupling, heat, temperature, step.waited_ps)
        np.testing.assert_allclose(core.phases(), static + temperature, rtol=1e-9, atol=1e-10)


@given(
    first=st.integers(0, 5 * TAU_PS),
    second=st.integers(0, 5 * TAU_PS),
    seed=st.integers(0, 100),
    omega=st.sampled_from([0.0, 2e-3, 0.2]),
)
def test_waiting_in_two_parts_is_waiting_once(first: int, second: int, seed: int, omega: float) -> None:
    design = random_design((4, 3), seed, active=0.7)
    cores = [ChipCore(ideal_chip(heating(omega, substrate_coupling=1e-3)), design, 0) for _ in range(2)]
    for core in cores:
        for step in heat_steps(design, seed, 2):
            core.drive(step.heaters, step.phases, step.waited_ps)
    wait(cores[0], first + second)
    wait(cores[1], first)
    wait(cores[1], second)
    np.testing.assert_allclose(cores[0].phases(), cores[1].phases(), rtol=0, atol=1e-12)


def test_a_reading_lets_time_pass_like_a_wait_does() -> None:
    design = random_design(SMALL, 5, active=0.5)
    cores = [ChipCore(ideal_chip(heating(0.1)), design, 0) for _ in range(2)]
    for core in cores:
        core.load(random_batch(3, 8).inputs)
        core.drive(np.flatnonzero(design.active), np.ones(design.active.sum()), 0)
    for number in range(5):
        cores[0].read(number, TAU_PS // 7)
    wait(cores[1], 5 * (TAU_PS // 7))
    np.testing.assert_allclose(cores[0].phases(), cores[1].phases(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("omega", [0.0, 2e-3, 0.05, 0.2])
def test_the_steady_state_is_the_inverse_of_the_network_and_the_papers_matrix_to_first_order(
    omega: float,
) -> None:
    design = random_design(SMALL, 6, active=0.6)
    core = ChipCore(ideal_chip(heating(omega)), design, 0)
    heat = np.where(design.active, stream(6, "tests/steady").uniform(0, TWO_PI, design.active.size), 0.0)
    core.drive(np.flatnonzero(design.active), heat[design.active], 0)
    wait(core, 300 * TAU_PS)
    static = np.where(design.active, 0.0, design.phases())
    coupling = restated_coupling(design, omega, design.active).toarray()
    temperature = core.phases() - static
    np.testing.assert_allclose(
        temperature, np.linalg.solve(np.eye(heat.size) - coupling, heat), rtol=1e-11, atol=1e-11
    )
    norm = coupling.sum(axis=1).max()
    assert np.abs(temperature - (heat + coupling @ heat)).max() <= norm**2 / (1 - norm) * heat.max() + 1e-11


def test_the_network_departs_from_the_papers_matrix_with_the_square_of_omega() -> None:
    design = random_design(SMALL, 7)
    heat = stream(7, "tests/slope").uniform(1, 6, design.active.size)
    departures, omegas = [], np.array([1e-4, 2e-4, 4e-4, 8e-4])
    for omega in omegas:
        core = ChipCore(ideal_chip(heating(float(omega))), design, 0)
        core.drive(np.arange(heat.size), heat, 0)
        wait(core, LONG_PS)
        paper = heat + restated_coupling(design, float(omega), design.active) @ heat
        departures.append(np.abs(core.phases() - paper).max())
    slope = np.polyfit(np.log(omegas), np.log(departures), 1)[0]
    assert slope == pytest.approx(2.0, abs=0.01)


@pytest.mark.parametrize("dynamics", ["instant", "dynamic"])
def test_a_passive_device_is_a_victim_and_never_an_aggressor(dynamics: str) -> None:
    centre = 8
    design = random_design(SMALL, 8, active=[centre])
    core = ChipCore(ideal_chip(heating(0.1, dynamics=dynamics)), design, 0)
    core.drive(np.array([centre]), np.array([2.0]), 0)
    wait(core, LONG_PS)
    warmed = core.phases() - np.where(design.active, 0.0, design.phases())
    neighbours = restated_coupling(design, 0.1, design.active).toarray()[:, centre] > 0
    assert neighbours.sum() == 4
    np.testing.assert_allclose(warmed[neighbours], 0.2, rtol=1e-12)
    np.testing.assert_allclose(warmed[centre], 2.0, rtol=1e-12)
    np.testing.assert_allclose(np.delete(warmed, [centre, *np.flatnonzero(neighbours)]), 0.0, atol=1e-15)


def test_passive_devices_heat_their_neighbours_only_when_asked_to() -> None:
    design = random_design(SMALL, 9, active=[3])
    phases = design.phases()
    everybody = np.ones_like(design.active)
    for passive_aggressors in (False, True):
        core = ChipCore(
            ideal_chip(heating(0.01, dynamics="instant", passive_aggressors=passive_aggressors)), design, 0
        )
        heated = everybody if passive_aggressors else design.active
        expected = phases + restated_coupling(design, 0.01, heated) @ phases
        np.testing.assert_allclose(core.phases(), expected, rtol=0, atol=1e-12)
        assert core.heater_power_w == pytest.approx(phases[3] * 24.77e-3 / np.pi)


@given(seed=st.integers(0, 1000), omega=st.sampled_from([2e-3, 0.2]))
def test_heat_is_never_negative(seed: int, omega: float) -> None:
    design = random_design((5, 4), seed, active=0.6)
    core = ChipCore(ideal_chip(heating(omega)), design, 0)
    static = np.where(design.active, 0.0, design.phases())
    for step in heat_steps(design, seed, 6):
        core.drive(step.heaters, step.phases * (step.phases > 3), 0)
        wait(core, step.waited_ps)
        assert (core.phases() - static).min() >= -1e-12


def test_crosstalk_arrives_later_than_the_heaters_own_heat() -> None:
    """Self-heating responds as 1 - e^-u; a victim, two exponentials deep, as 1 - e^-u (1 + u), to O(omega)."""
    own, victim, omega = 0, 1, 1e-4
    design = random_design(SMALL, 10)
    core = ChipCore(ideal_chip(heating(omega)), design, 0)
    zero = np.zeros(design.active.size)
    core.drive(np.arange(zero.size), zero, 0)
    wait(core, LONG_PS)
    core.drive(np.array([own]), np.array([3.0]), 0)
    wait(core, TAU_PS // 2)
    half = core.phases()
    assert half[own] / 3.0 == pytest.approx(1 - np.exp(-0.5), rel=1e-3)
    assert half[victim] / (3.0 * omega) == pytest.approx(1 - 1.5 * np.exp(-0.5), rel=1e-3)
    wait(core, LONG_PS)
    assert half[victim] / core.phases()[victim] < 0.25 * half[own] / core.phases()[own]


@pytest.mark.parametrize("dynamics", ["instant", "dynamic"])
def test_the_substrate_warms_every_device_alike_and_slowly(dynamics: str) -> None:
    design = random_design(SMALL, 11, active=0.5)
    heaters = heating(0.0, dynamics=dynamics, substrate_coupling=1e-3, substrate_tau_s=1e-3)
    core = ChipCore(ideal_chip(heaters), design, 0)
    heat = np.where(design.active, 0.0, design.phases())
    before_rad = design.phases()[design.active].sum() * 1e-3
    np.testing.assert_allclose(core.phases(), design.phases() + before_rad, rtol=0, atol=1e-12)
    core.drive(np.flatnonzero(design.active), np.full(design.active.sum(), 2.0), 0)
    heat[design.active] = 2.0
    after_rad = 2.0 * design.active.sum() * 1e-3
    wait(core, 700_000_000)
    common_rad = after_rad + (before_rad - after_rad) * np.exp(-0.7)
    np.testing.assert_allclose(core.phases(), heat + common_rad, rtol=0, atol=1e-12)


def test_the_substrate_step_is_an_exponential_approach() -> None:
    assert substrate_step(1.0, 3.0, 0.0) == 1.0
    assert substrate_step(1.0, 3.0, np.log(2)) == pytest.approx(2.0)
    assert substrate_step(1.0, 3.0, 1e9) == 3.0


@pytest.mark.parametrize("bits", [0, 8])
def test_instant_heaters_make_exactly_the_papers_omega_gamma_phi(bits: int) -> None:
    heaters = heating(0.01, dynamics="instant", sigma_gamma=2e-3)
    design = random_design(SMALL, 12, active=0.4)
    core = ChipCore(ideal_chip(heaters, dac_bits=bits), design, 5)
    gamma = device_gains(heaters, design.active.size, stream(5, "chip/gamma"))
    omega = restated_coupling(design, 0.01, design.active)
    driven = design.phases()
    for step in [None, *heat_steps(design, 12, 50)]:
        if step is not None:
            turns = stream(0, "tests/turns").integers(-3, 4, step.heaters.size) * TWO_PI
            core.drive(step.heaters, step.phases + turns, step.waited_ps)
            driven[step.heaters] = step.phases
        if bits:
            lsb = TWO_PI / (2**bits - 1)
            driven[design.active] = np.round(driven[design.active] / lsb) * lsb
        phi = gamma * driven
        np.testing.assert_allclose(core.phases(), phi + omega @ phi, rtol=0, atol=1e-11)
        np.testing.assert_allclose(
            core.driven_phases()[design.active], driven[design.active], rtol=0, atol=1e-11
        )
    assert not core.driven_phases()[~design.active].any()


@pytest.mark.parametrize("dynamics", ["instant", "dynamic"])
def test_two_thousand_drives_leave_no_rounding_debris(dynamics: str) -> None:
    design = random_design(SMALL, 13, active=0.7)
    core = ChipCore(ideal_chip(heating(0.05, dynamics=dynamics)), design, 0)
    active = np.flatnonzero(design.active)
    rng = stream(13, "tests/long")
    for _ in range(2000):
        core.drive(rng.choice(active, 1), rng.uniform(0, TWO_PI, 1), int(rng.integers(0, 2 * TAU_PS)))
    wait(core, LONG_PS)
    heat = core.driven_phases()
    coupling = restated_coupling(design, 0.05, design.active).toarray()
    settled = (
        np.linalg.solve(np.eye(heat.size) - coupling, heat)
        if dynamics == "dynamic"
        else heat + coupling @ heat
    )
    expected = np.where(design.active, 0.0, design.phases()) + settled
    np.testing.assert_allclose(core.phases(), expected, rtol=0, atol=1e-10)
    assert core.driven_rad == pytest.approx(heat.sum(), abs=1e-10)


def test_heat_beyond_all_numbers_is_not_passed_on_for_ever() -> None:
    design = random_design(SMALL, 0)
    core = ChipCore(ideal_chip(heaters=heating(0.02)), design, 0)
    core.disturb("gamma", 5, 1e308, 0)
    core.drive(np.array([5]), np.array([6.0]), 0)
    wait(core, TAU_PS)
    assert not np.isfinite(core.phases()[5])
    assert np.isfinite(np.delete(core.phases(), 5)).all()
