"""Delays and losses have the distributions that their words say."""

import numpy as np
import pytest

from emulator.errors import PhysicsError
from emulator.physics.link import exponential_delay_s, losses_in_a_row
from emulator.streams import stream

SHARES = stream(0, "tests/link").random(20_000)


def test_delays_are_exponential() -> None:
    delays = np.array([exponential_delay_s(share, 2e-3) for share in SHARES.tolist()])
    assert delays.mean() == pytest.approx(2e-3, rel=0.03)
    assert delays.std() == pytest.approx(2e-3, rel=0.03)
    assert (delays > 2e-3).mean() == pytest.approx(np.exp(-1.0), abs=0.01)


@pytest.mark.parametrize("probability", [0.01, 0.3, 0.9])
def test_a_packet_is_lost_as_often_as_in_a_game_of_chance(probability: float) -> None:
    lost = np.array([losses_in_a_row(share, probability) for share in SHARES.tolist()])
    game = stream(1, "tests/link")
    played = game.geometric(1.0 - probability, SHARES.size) - 1
    for times in range(3):
        assert (lost == times).mean() == pytest.approx((played == times).mean(), abs=0.015)
    assert lost.mean() == pytest.approx(probability / (1.0 - probability), rel=0.1)


def test_nothing_is_late_or_lost_where_nothing_can_be() -> None:
    assert exponential_delay_s(0.5, 0.0) == 0.0
    assert losses_in_a_row(0.999, 0.0) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: exponential_delay_s(1.0, 1.0),
        lambda: exponential_delay_s(0.5, -1.0),
        lambda: losses_in_a_row(0.5, 1.0),
        lambda: losses_in_a_row(-0.1, 0.5),
    ],
)
def test_what_is_no_share_is_refused(wrong: object) -> None:
    with pytest.raises(PhysicsError, match="link: "):
        wrong()  # type: ignore[operator]
