"""A medium that drifts keeps its moments, and its fields have the correlation that is said; so have many paths."""

import numpy as np
import pytest

from emulator.errors import PhysicsError
from emulator.physics.opu.decorrelation import MixedMedium, decayed_correlation, warmed_correlation
from emulator.physics.opu.medium import make_medium
from emulator.streams import stream

SIZE, OUTPUTS, VECTORS = 24, 600, 40
X = stream(0, "tests/drift").standard_normal((VECTORS, SIZE)).astype(np.float32)


def media(store: str) -> tuple[object, object]:
    return tuple(make_medium(store, SIZE, OUTPUTS, (seed, 7), 10**8) for seed in (1, 2))  # type: ignore[return-value]


@pytest.mark.parametrize("store", ["dense", "streamed", "structured"])
@pytest.mark.parametrize("rho", [0.0, 0.3, 0.9, 1.0])
def test_the_measured_correlation_of_fields_is_rho_and_their_power_stays(store: str, rho: float) -> None:
    first, second = media(store)
    mixed = MixedMedium(first, second, rho)  # type: ignore[arg-type]
    before, after = first.fields(X), mixed.fields(X)  # type: ignore[attr-defined]
    norm = np.sqrt((np.abs(before) ** 2).mean() * (np.abs(after) ** 2).mean())
    assert abs((np.conj(before) * after).mean() / norm) == pytest.approx(rho, abs=0.03)
    assert (np.abs(after) ** 2).mean() == pytest.approx((np.abs(before) ** 2).mean(), rel=0.05)


@pytest.mark.parametrize("store", ["dense", "streamed", "structured"])
def test_it_is_the_sum_of_two_media_whole_in_tiles_and_in_part(store: str) -> None:
    first, second = media(store)
    mixed = MixedMedium(first, second, 0.6)  # type: ignore[arg-type]
    expected = 0.6 * first.fields(X) + 0.8 * second.fields(X)  # type: ignore[attr-defined]
    np.testing.assert_allclose(mixed.fields(X), expected, atol=1e-4)
    np.testing.assert_allclose(mixed.real_fields(X), expected.real, atol=1e-4)
    chosen = np.array([0, 5, 17, 599])
    np.testing.assert_allclose(mixed.take(chosen).fields(X), expected[:, chosen], atol=1e-4)
    assert (mixed.inputs, mixed.outputs) == (SIZE, OUTPUTS)
    assert mixed.stored_bytes == first.stored_bytes + second.stored_bytes  # type: ignore[attr-defined]


@pytest.mark.parametrize("t_s", [0.1, 1.0, 3.0])
def test_paths_whose_phases_diffuse_have_the_correlation_of_a_decay(t_s: float) -> None:
    rng, tau_s = stream(1, "tests/drift"), 2.0
    steps = rng.standard_normal((200, 20_000)) * np.sqrt(2.0 * t_s / tau_s / 200)
    assert np.exp(1j * steps.sum(axis=0)).mean().real == pytest.approx(
        decayed_correlation(t_s, tau_s), abs=0.02
    )


@pytest.mark.parametrize("t_s", [0.0, 0.5, 2.0, 100.0])
def test_paths_whose_phases_follow_a_temperature_have_the_correlation_of_a_warm_up(t_s: float) -> None:
    rng, spread_rad, tau_s = stream(2, "tests/drift"), 1.2, 1.0
    phases = spread_rad * rng.standard_normal(50_000) * (1.0 - np.exp(-t_s / tau_s))
    found = np.exp(1j * phases).mean().real
    assert found == pytest.approx(warmed_correlation(t_s, spread_rad, tau_s), abs=0.02)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: decayed_correlation(-1.0, 1.0),
        lambda: decayed_correlation(1.0, 0.0),
        lambda: warmed_correlation(-1.0, 1.0, 1.0),
        lambda: warmed_correlation(1.0, -1.0, 1.0),
        lambda: warmed_correlation(1.0, 1.0, 0.0),
    ],
)
def test_what_lies_beyond_the_domain_is_refused(wrong: object) -> None:
    with pytest.raises(PhysicsError, match="medium: "):
        wrong()  # type: ignore[operator]
