"""What faults make of an optical processing unit: another medium, dead outputs, lost frames, a held link."""

import numpy as np
import pytest

from emulator.commands import Controller, Disturb, Join, Project, Projection, Start
from emulator.errors import CommandError
from emulator.instruments.opu.hidden.states import STATES, check
from emulator.units import s_to_ps
from tests.opu_lab import DESIGN, Outing, random_vectors, run_opu, small_opu

BATCH = random_vectors(60)
QUIET = ("camera.noise=false",)


def projected(*changes: tuple[str, float, int], overrides: tuple[str, ...] = (), seed: int = 0) -> tuple[
    list[Projection], Outing
]:  # fmt: skip
    """Project the same batch before and after ``changes``."""
    replies: list[Projection] = []

    def agent() -> Controller:
        replies.append((yield Project(BATCH, draw=0)))
        for state, value, index in changes:
            yield Disturb(f"opu.{state}", value, index)
        replies.append((yield Project(BATCH, draw=0)))

    outing = run_opu(small_opu(*overrides), [agent()], seed=seed)
    return replies, outing


@pytest.mark.parametrize("mode", ["off_axis", "phase_shifting", "anchor"])
@pytest.mark.parametrize("fidelity", ["statistical", "field"])
@pytest.mark.parametrize("rho", [0.0, 0.7, 1.0])
def test_projections_before_and_after_have_the_correlation_that_was_said(
    mode: str, fidelity: str, rho: float
) -> None:
    both: list[list[np.ndarray]] = [[], []]
    for seed in range(6):
        overrides = (*QUIET, f"recovery.mode={mode}", f"fidelity={fidelity}")
        replies, _ = projected(("correlation", rho, -1), overrides=overrides, seed=seed)
        for place, reply in enumerate(replies):
            both[place].append(reply.outputs.ravel())
    before, after = (np.concatenate(each) for each in both)
    found = float(before @ after / np.sqrt((before @ before) * (after @ after)))
    # With an anchor the phase is that of the anchor as it was, and its own part grows with the drift.
    assert found == pytest.approx(rho, abs=0.08 if mode == "anchor" else 0.05)


def test_a_medium_that_comes_back_is_the_same_bit_for_bit() -> None:
    replies, _ = projected(("correlation", 0.5, -1), ("correlation", 1.0, -1))
    np.testing.assert_array_equal(replies[0].outputs, replies[1].outputs)


def test_dead_pixels_read_nothing_and_others_what_they_did() -> None:
    (before, after), _ = projected(("responsivity", 0.0, 3), ("responsivity", 0.5, 5))
    np.testing.assert_array_equal(after.outputs[:, 3], 0.0)
    np.testing.assert_array_equal(after.outputs[:, 5], before.outputs[:, 5] * np.float32(0.5))
    others = np.delete(np.arange(DESIGN.outputs), [3, 5])
    np.testing.assert_array_equal(after.outputs[:, others], before.outputs[:, others])


@pytest.mark.parametrize(("state", "value"), [("torn", 0.2), ("missed", 0.2), ("trigger", 1.5e-4)])
def test_lost_frames_are_sent_again_counted_and_cost_time_alone(state: str, value: float) -> None:
    (before, after), outing = projected((state, value, -1))
    frames = after.frames
    assert before.frames.dropped == 0
    assert frames.dropped > 10
    assert frames.sent == frames.used + frames.dropped + frames.late
    assert (frames.torn > 0) == (state != "missed")
    assert after.valid.all()
    np.testing.assert_array_equal(before.outputs, after.outputs)
    lasted = [row[7] - row[6] for row in outing.rows.commands if row[4] != 0 or row[9]]
    assert lasted[-1] > lasted[0]


def test_a_link_that_is_held_sends_the_next_patterns_later() -> None:
    (_, free), on_time = projected()
    (_, held), later = projected(("link", 0.5, -1))
    np.testing.assert_array_equal(free.outputs, held.outputs)
    assert later.bench.now_ps - on_time.bench.now_ps == pytest.approx(s_to_ps(0.5), rel=1e-3)


def test_what_is_in_flight_keeps_what_held_when_it_was_asked_for() -> None:
    replies: list[Projection] = []

    def agent() -> Controller:
        ticket = yield Start(Project(BATCH, draw=0))
        yield Disturb("opu.correlation", 0.0)
        yield Disturb("opu.responsivity", 0.0, 3)
        later = yield Start(Project(BATCH, draw=0))
        replies.append((yield Join(ticket)))
        replies.append((yield Join(later)))

    run_opu(small_opu(), [agent()])
    (whole, _), _ = projected()
    np.testing.assert_array_equal(replies[0].outputs, whole.outputs)
    assert (replies[1].outputs[:, 3] == 0.0).all()
    assert abs(np.corrcoef(replies[1].outputs.ravel(), whole.outputs.ravel())[0, 1]) < 0.2


@pytest.mark.parametrize(
    ("name", "index", "value", "words"),
    [
        ("tron", -1, 0.1, "no hidden state 'tron'; did you mean 'torn'"),
        ("torn", -1, 1.0, "opu.torn = 1.0; allowed: a share"),
        ("torn", 0, 0.1, "has no parts, and index = 0"),
        ("correlation", -1, 1.1, "opu.correlation = 1.1"),
        ("responsivity", 48, 0.0, "no output 48; allowed: 0..47"),
        ("trigger", -1, float("nan"), "opu.trigger = nan"),
        ("link", -1, -1.0, "opu.link = -1.0; allowed: seconds"),
    ],
)
def test_what_cannot_be_is_refused(name: str, index: int, value: float, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        check(name, index, value, DESIGN.outputs)


def test_every_state_has_words() -> None:
    assert all(STATES.values())
