"""How frames are sent: none is lost from the count, lost ones come again, and replies keep their order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.commands import FrameCounts
from emulator.instruments.host.config import HostConfig
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.frames import FrameSender, Sent
from emulator.instruments.opu.pipeline import Fate
from emulator.instruments.opu.timing import OpuDesign, frame_budget
from tests.opu_lab import DESIGN, FREE_HOST, slow_host, small_opu

INTENSITY = ("recovery.mode=intensity", "dmd.encoding=binary")
PS = 10**12
PIXELS = 64


def sender(config: OpuConfig, host: HostConfig = FREE_HOST, seed: int = 0) -> FrameSender:
    return FrameSender(config, host, DESIGN, seed)


def counts_of(sent: Sent) -> FrameCounts:
    return sent.counts(sent.used.size - sent.setup, 0)


@given(
    torn=st.floats(0, 0.3),
    missed=st.floats(0, 0.3),
    retries=st.integers(0, 6),
    grab_us=st.integers(1, 4000),
    places=st.integers(1, 5),
    deadline_us=st.none() | st.integers(900, 5000),
    patterns=st.lists(st.integers(0, 60), min_size=1, max_size=4),
    seed=st.integers(0, 99),
)
def test_every_frame_is_used_dropped_or_late(
    torn: float, missed: float, retries: int, grab_us: int, places: int, deadline_us: int | None,
    patterns: list[int], seed: int,
) -> None:  # fmt: skip
    changes = [f"dmd.torn_probability={torn}", f"camera.missed_probability={missed}", f"retries={retries}"]
    changes += [f"pcie.buffer_frames={places}", f"camera.buffer_frames={places}"]
    if deadline_us is not None:
        changes.append(f"pcie.deadline_s={deadline_us}e-6")
    each = sender(small_opu(*INTENSITY, *changes), slow_host(grab_us * 1e-6, PIXELS), seed)
    for count in patterns:
        sent = each.send(0, count)
        counts = counts_of(sent)
        assert counts.sent == counts.used + counts.dropped + counts.late
        assert counts.sent == sum(len(times.fate) for times in sent.passes)
        assert counts.torn <= counts.dropped
        assert counts.used == sum(times.count(Fate.USED) for times in sent.passes)
        assert count <= counts.sent <= count * (1 + retries)
        assert sent.used.size == count
        assert sent.used.all() or len(sent.passes) == 1 + retries


def test_nothing_is_lost_when_the_host_keeps_up() -> None:
    counts = counts_of(sender(small_opu(*INTENSITY), slow_host(600e-6, PIXELS)).send(0, 5000))
    assert counts == FrameCounts(5000, 0, 5000, 5000, 0, 0, 0)


def test_a_late_host_drops_frames_and_counts_them() -> None:
    """Half of the frames have no place; a retry brings half of the rest, and so on."""
    config = small_opu(*INTENSITY, "retries=0", "pcie.buffer_frames=4")
    counts = counts_of(sender(config, slow_host(2 / 1500, PIXELS)).send(0, 2000))
    assert counts.used == pytest.approx(1000, abs=6)
    assert counts.dropped == 2000 - counts.used
    config = small_opu(*INTENSITY, "retries=20", "pcie.buffer_frames=4")
    counts = counts_of(sender(config, slow_host(2 / 1500, PIXELS)).send(0, 2000))
    assert counts.used == 2000
    assert counts.sent == pytest.approx(4000, rel=0.02)


def test_a_deadline_that_a_frame_cannot_meet_makes_all_of_them_late() -> None:
    """Exposure and readout take 435 us here: 400 us, and 13 rows of 2.6875 us."""
    config = small_opu(*INTENSITY, "pcie.deadline_s=430 us", "retries=2")
    counts = counts_of(sender(config).send(0, 10))
    assert (counts.sent, counts.used, counts.dropped, counts.late) == (30, 0, 0, 30)


def test_torn_and_missed_frames_are_as_frequent_as_configured() -> None:
    config = small_opu(*INTENSITY, "retries=0", "dmd.torn_probability=0.2", "camera.missed_probability=0.1")
    frames = 40_000
    counts = counts_of(sender(config).send(0, frames))
    missed = counts.dropped - counts.torn
    for found, share in ((missed, 0.1), (counts.torn, 0.2 * 0.9)):
        assert found == pytest.approx(share * frames, abs=5 * np.sqrt(share * (1 - share) * frames))


def test_retries_bring_all_frames_back_and_are_as_many_as_chance_wants() -> None:
    config = small_opu(*INTENSITY, "retries=40", "dmd.torn_probability=0.3", "camera.missed_probability=0.3")
    frames, kept = 20_000, 0.7 * 0.7
    sent = sender(config).send(0, frames)
    assert sent.used.all()
    assert counts_of(sent).sent == pytest.approx(frames / kept, rel=0.02)


def test_a_retry_sends_the_lost_frames_only_and_after_the_pass_before() -> None:
    config = small_opu(*INTENSITY, "retries=3", "camera.missed_probability=0.3")
    sent = sender(config).send(0, 500)
    for before, after in zip(sent.passes, sent.passes[1:], strict=False):
        assert len(after.fate) == len(before.fate) - before.count(Fate.USED)
        assert after.upload_start[0] >= before.done_ps
    assert len(sent.passes) == 4


def test_another_seed_loses_other_frames_and_the_same_seed_the_same() -> None:
    config = small_opu(*INTENSITY, "retries=0", "dmd.torn_probability=0.3")
    first, again, other = (sender(config, seed=seed).send(0, 300).used for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_the_anchor_costs_one_frame_before_the_first_pattern_and_none_later() -> None:
    each = sender(small_opu("recovery.mode=anchor"))
    assert each.send(0, 0).setup == 0
    first, second = each.send(0, 10), each.send(0, 10)
    assert (first.setup, first.used.size) == (1, 21)
    assert (second.setup, second.used.size) == (0, 20)


def test_an_anchor_that_was_lost_is_sent_again_with_the_next_command() -> None:
    config = small_opu("recovery.mode=anchor", "retries=0", "camera.missed_probability=0.9")
    each = sender(config, seed=3)
    setups = []
    for _ in range(40):
        sent = each.send(0, 5)
        setups.append((sent.setup, bool(sent.used[: sent.setup].all())))
    brought = setups.index((1, True))
    assert brought > 0
    assert setups[:brought] == [(1, False)] * brought
    assert [setup for setup, _ in setups[brought + 1 :]] == [0] * (39 - brought)


def test_replies_come_in_the_order_of_the_commands() -> None:
    """The second command sends nothing, and the third loses all; both must wait for the first one's last frame."""
    each = sender(small_opu(*INTENSITY), slow_host(20e-3, PIXELS))
    first, second = each.send(0, 10), each.send(1, 0)
    assert second.passes == ()
    assert first.done_ps == second.done_ps > 10 * 20 * 10**9
    assert second.started_ps == 1


def test_the_second_commands_frames_follow_without_a_gap() -> None:
    each = sender(small_opu(*INTENSITY))
    starts = np.concatenate([each.send(issued, 300).passes[0].exposure_start for issued in (0, 10**9, 5)])
    np.testing.assert_array_equal(starts - starts[0], (2 * PS * np.arange(900) + 1500) // 3000)


def test_an_acquisition_takes_its_time_before_every_batch_of_patterns() -> None:
    config = small_opu(*INTENSITY, "acquisition_s=0.1", "batch_patterns=100")
    sent = sender(config).send(0, 250)
    assert [len(times.fate) for times in sent.passes] == [100, 100, 50]
    ends = [0, *(times.done_ps for times in sent.passes)]
    for times, before in zip(sent.passes, ends, strict=False):
        assert times.upload_start[0] == before + PS // 10


def test_an_acquisition_waits_for_the_command_before() -> None:
    each = sender(small_opu(*INTENSITY, "acquisition_s=0.1"))
    first, second = each.send(0, 10), each.send(5, 10)
    assert second.started_ps == first.done_ps + PS // 10


def test_a_published_run_of_the_second_generation_takes_its_published_time() -> None:
    """3000 patterns onto 10,000 outputs in 1.683 s: 1782 Hz, 89 % of the nominal 2 kHz (a lightonml notebook)."""
    config = OpuConfig(preset="opu_gen2")
    design = OpuDesign(10_000, 10_000)
    host = HostConfig(preset="workstation")
    sent = FrameSender(config, host, design, 0).send(0, 3000)
    took_s = sent.done_ps / PS
    assert took_s == pytest.approx(1.683, rel=0.01)
    assert 3000 / took_s / frame_budget(config, host, design).rate_hz == pytest.approx(0.89, abs=0.01)


def test_patterns_are_formatted_before_their_acquisition_a_byte_a_feature() -> None:
    """Vectors of 20 features at 1 us a byte: 20 us a pattern, in each of three acquisitions, and once alone."""
    assert DESIGN.features == 20
    config = small_opu(*INTENSITY, "acquisition_s=0.1", "batch_patterns=100", "format_s_per_byte=1e-6")
    sent = sender(config).send(0, 250)
    ends = [0, *(times.done_ps for times in sent.passes)]
    for times, before, count in zip(sent.passes, ends, (100, 100, 50), strict=False):
        assert times.upload_start[0] == before + PS // 10 + count * 20 * 10**6
    assert [end - begin for begin, end in sent.formatted] == [count * 20 * 10**6 for count in (100, 100, 50)]


def test_lost_frames_are_sent_again_as_they_were_formatted() -> None:
    config = small_opu(*INTENSITY, "format_s_per_byte=1e-6", "camera.missed_probability=0.3", "retries=9")
    sent = sender(config).send(0, 200)
    assert sent.used.all()
    assert len(sent.passes) > 1
    assert sum(end - begin for begin, end in sent.formatted) == 200 * 20 * 10**6


def test_a_host_draws_for_the_time_that_it_formats() -> None:
    host = slow_host(1e-4, PIXELS, frame_power_w=60.0)
    plain, formatting = (
        sender(small_opu(*INTENSITY, f"format_s_per_byte={each}"), host) for each in ("0", "1e-6")
    )
    joules = [
        sum(d.watts * (d.end_ps - d.start_ps) for d in each.draws(each.send(0, 50), 0)) / PS
        for each in (plain, formatting)
    ]
    assert joules[1] - joules[0] == pytest.approx(60.0 * 50 * 20e-6, rel=1e-9)


def test_units_share_the_patterns_of_a_command_and_all_frames_count() -> None:
    one, three = (sender(small_opu(*INTENSITY, f"count={count}")).send(0, 300) for count in (1, 3))
    (times,) = three.passes
    assert times.upload_start[:3].tolist() == [0, 0, 0]
    assert len(times.fate) == 300
    assert counts_of(three) == counts_of(one)
    assert three.done_ps - one.done_ps == pytest.approx(-200 * PS / 1500, rel=1e-6)


def test_a_pattern_is_lost_where_any_unit_loses_its_outputs() -> None:
    config = small_opu(*INTENSITY, "retries=0", "camera.missed_probability=0.1", "count=3", "split=outputs")
    sent = sender(config).send(0, 20_000)
    assert len(sent.passes) == 1
    assert counts_of(sent).dropped / 20_000 == pytest.approx(1 - 0.9**3, abs=0.02)


def test_online_a_pattern_follows_the_one_before_at_the_softwares_pace() -> None:
    """No acquisition is set up; each pattern waits until the one before has come back."""
    config = small_opu(*INTENSITY, "acquisition=online", "online_s=4 ms", "acquisition_s=9")
    each = sender(config)
    first, second = each.send(0, 3), each.send(0, 1)
    passes = [*first.passes, *second.passes]
    assert [len(times.fate) for times in passes] == [1, 1, 1, 1]
    ends = [0, *(times.done_ps for times in passes)]
    for times, before in zip(passes, ends, strict=False):
        assert times.upload_start[0] == before + 4 * 10**9


def test_an_online_call_of_the_second_generation_takes_what_users_saw() -> None:
    """25,000 vectors of 190,000 features in 138.4 s, the caller's work in it (a lightonml notebook)."""
    config = OpuConfig(preset="opu_gen2", acquisition="online")
    sent = FrameSender(config, HostConfig(preset="workstation"), OpuDesign(190_000, 10_000), 0).send(0, 1)
    assert sent.done_ps / PS == pytest.approx(138.36676 / 25_000, rel=0.1)


@given(patterns=st.integers(0, 500), missed=st.floats(0, 0.5), grab_us=st.integers(1, 3000))
def test_the_host_draws_its_power_for_the_time_that_it_grabs(
    patterns: int, missed: float, grab_us: int
) -> None:
    config = small_opu(*INTENSITY, f"camera.missed_probability={missed}", "retries=2", "pcie.buffer_frames=9")
    each = sender(config, slow_host(grab_us * 1e-6, PIXELS, frame_power_w=60.0))
    sent = each.send(0, patterns)
    grabbed = sum(int((times.grab_end > times.grab_start).sum()) for times in sent.passes)
    draws = each.draws(sent, handle=7)
    energy_j = sum(draw.watts * (draw.end_ps - draw.start_ps) for draw in draws) / PS
    assert energy_j == pytest.approx(60.0 * grabbed * grab_us * 1e-6, rel=1e-9)
    assert all(draw.handle == 7 and 0 < draw.watts <= 60.0 * (1 + 1e-9) for draw in draws)
    assert all(sent.started_ps <= draw.start_ps < draw.end_ps <= sent.done_ps for draw in draws)


def test_a_host_that_grabs_for_nothing_draws_nothing() -> None:
    each = sender(small_opu(*INTENSITY), slow_host(1e-4, PIXELS, frame_power_w=0.0))
    assert each.draws(each.send(0, 5), 0) == ()
