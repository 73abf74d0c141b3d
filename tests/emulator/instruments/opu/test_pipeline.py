"""The frames' pipeline against a SimPy model of the same stages: every instant and every fate."""

from collections.abc import Generator, Sequence
from dataclasses import fields, replace
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import ClockError
from emulator.instruments.opu.pipeline import Fate, FrameTimes, Pipeline, PipelineTiming
from emulator.units import LAST_PS

INSTANTS = [field.name for field in fields(FrameTimes) if field.name != "fate"]

INSTANTS = (
    "upload_start", "upload_end", "exposure_start", "exposure_end", "readout_end",
    "transfer_start", "transfer_end", "grab_start", "grab_end",
)  # fmt: skip
US = 10**6
LAST = 9
"""A SimPy priority behind all others: who arrives at an instant finds what leaves at that instant gone."""

EASY = PipelineTiming(
    upload_ps=65 * US, load_ps=100 * US, rate_hz=1500.0, exposure_ps=400 * US, readout_ps=200 * US,
    transfer_ps=150 * US, latency_ps=US, grab_ps=180 * US, deadline_ps=0, memory_patterns=3000,
    camera_frames=16, host_frames=3000,
)  # fmt: skip


class Sending(NamedTuple):
    """One call of ``Pipeline.send``."""

    issued_ps: int
    losses: tuple[Fate, ...]


class Model:
    """The same stages as SimPy processes and bounded stores; times come from SimPy's own queue."""

    def __init__(self, timing: PipelineTiming) -> None:
        self.timing = timing
        self.env = simpy.Environment()
        self.memory = simpy.Container(self.env, timing.memory_patterns, timing.memory_patterns)
        self.ready = simpy.Store(self.env)
        self.camera = simpy.Store(self.env, timing.camera_frames)
        self.host = simpy.Store(self.env, timing.host_frames)
        self.instants: list[list[int]] = []
        self.fates: list[Fate] = []

    def run(self, sendings: Sequence[Sending]) -> None:
        for process in (self.upload(sendings), self.frame_clock(), self.transfer(), self.grab()):
            self.env.process(process)
        self.env.run()

    def note(self, frame: int) -> None:
        self.instants[frame].append(int(self.env.now))

    def upload(self, sendings: Sequence[Sending]) -> Generator[simpy.Event, Any, None]:
        for sending in sendings:
            yield self.env.timeout(max(0, sending.issued_ps - int(self.env.now)))
            for fate in sending.losses:
                frame = len(self.fates)
                self.fates.append(fate)
                self.instants.append([])
                yield self.memory.get(1)
                self.note(frame)
                yield self.env.timeout(self.timing.upload_ps)
                self.note(frame)
                self.env.process(self.load(frame))

    def load(self, frame: int) -> Generator[simpy.Event, Any, None]:
        yield self.env.timeout(self.timing.load_ps)
        yield self.ready.put(frame)

    def frame_clock(self) -> Generator[simpy.Event, Any, None]:
        begun, count = None, 0
        while True:
            frame = yield self.ready.get()
            now = int(self.env.now)
            slot = now if begun is None else begun + rounded(count, self.timing.rate_hz)
            if begun is None or now > slot:
                begun, count, slot = now, 0, now
            count += 1
            yield self.env.timeout(slot - now)
            yield self.memory.put(1)
            self.env.process(self.expose(frame))

    def expose(self, frame: int) -> Generator[simpy.Event, Any, None]:
        self.note(frame)
        yield self.env.timeout(self.timing.exposure_ps)
        self.note(frame)
        yield self.env.timeout(self.timing.readout_ps)
        self.note(frame)
        yield self.after_all_else()
        if self.fates[frame] is Fate.MISSED:
            return
        if len(self.camera.items) == self.timing.camera_frames:
            self.fates[frame] = Fate.CAMERA_FULL
            return
        yield self.camera.put(frame)

    def transfer(self) -> Generator[simpy.Event, Any, None]:
        while True:
            frame = yield self.camera.get()
            self.note(frame)
            yield self.env.timeout(self.timing.transfer_ps)
            self.env.process(self.arrive(frame))

    def arrive(self, frame: int) -> Generator[simpy.Event, Any, None]:
        yield self.env.timeout(self.timing.latency_ps)
        self.note(frame)
        yield self.after_all_else()
        if len(self.host.items) == self.timing.host_frames:
            self.fates[frame] = Fate.HOST_FULL
            return
        yield self.host.put(frame)

    def grab(self) -> Generator[simpy.Event, Any, None]:
        while True:
            frame = yield self.host.get()
            self.note(frame)
            yield self.env.timeout(self.timing.grab_ps)
            self.note(frame)
            age, limit = int(self.env.now) - self.instants[frame][2], self.timing.deadline_ps
            if self.fates[frame] is Fate.USED and 0 < limit < age:
                self.fates[frame] = Fate.LATE

    def after_all_else(self) -> simpy.Event:
        event = self.env.event()
        event._ok, event._value = True, None
        self.env.schedule(event, priority=LAST)  # type: ignore[arg-type]  # any number is a priority
        return event


def rounded(count: int, rate_hz: float) -> int:
    """Return ``count`` periods in whole picoseconds: one exact division, one rounding."""
    return int((Fraction(count * 10**12) / Fraction(rate_hz) + Fraction(1, 2)) // 1)


def send_all(timing: PipelineTiming, sendings: Sequence[Sending]) -> list[FrameTimes]:
    pipeline = Pipeline(timing)
    return [pipeline.send(issued_ps, np.array(losses, dtype=np.int64)) for issued_ps, losses in sendings]


def joined(sent: Sequence[FrameTimes], name: str) -> list[int]:
    return [instant for times in sent for instant in getattr(times, name).tolist()]


@st.composite
def timings(draw: st.DrawFn) -> PipelineTiming:
    """Stages of any length beside a period of 0.1 to 2 ms; half of the time on a grid, where instants coincide."""
    on_grid = draw(st.booleans())
    unit = 100 * US if on_grid else 1
    durations = st.integers(0, 25).map(lambda n: n * unit) if on_grid else st.integers(0, 2500 * US)
    rate_hz = float(draw(st.sampled_from([1000, 2500, 5000, 10_000]) if on_grid else st.integers(500, 9999)))
    places = st.integers(1, 4)
    return PipelineTiming(
        *(draw(durations) for _ in range(2)),
        rate_hz,
        *(draw(durations) for _ in range(5)),
        draw(st.just(0) | durations),
        *(draw(places) for _ in range(3)),
    )


@st.composite
def sendings(draw: st.DrawFn) -> list[Sending]:
    """Up to four commands, each of up to ten frames, some of which the optics lose."""
    fates = st.sampled_from([Fate.USED, Fate.USED, Fate.USED, Fate.TORN, Fate.MISSED])
    found, issued_ps = [], 0
    for _ in range(draw(st.integers(1, 4))):
        issued_ps += draw(st.sampled_from([0, 100 * US, 1000 * US]) | st.integers(0, 30_000 * US))
        found.append(Sending(issued_ps, tuple(draw(st.lists(fates, min_size=1, max_size=10)))))
    return found


@given(timing=timings(), commands=sendings())
def test_every_instant_and_every_fate_is_the_simulated_one(
    timing: PipelineTiming, commands: list[Sending]
) -> None:
    model = Model(timing)
    model.run(commands)
    sent = send_all(timing, commands)
    assert joined(sent, "fate") == model.fates
    for stage, name in enumerate(INSTANTS):
        expected = [seen[min(stage, len(seen) - 1)] for seen in model.instants]
        assert joined(sent, name) == expected, name


@given(timing=timings(), commands=sendings(), cut=st.integers(1, 9))
def test_frames_do_not_notice_in_how_many_calls_they_are_sent(
    timing: PipelineTiming, commands: list[Sending], cut: int
) -> None:
    pieces = [
        Sending(issued_ps, part)
        for issued_ps, losses in commands
        for part in (losses[:cut], losses[cut:])
        if part
    ]
    whole, parts = send_all(timing, commands), send_all(timing, pieces)
    for name in (*INSTANTS, "fate"):
        assert joined(whole, name) == joined(parts, name)


def test_two_minutes_of_frames_at_one_and_a_half_kilohertz_do_not_drift() -> None:
    """Frame n is exposed at t0 + n/rate, rounded once: whole seconds are whole, 120,000 frames are 80 s."""
    times = Pipeline(EASY).send(0, np.zeros(180_001, dtype=np.int64))
    since = times.exposure_start - times.exposure_start[0]
    numbers = np.arange(180_001)
    np.testing.assert_array_equal(since, (2 * 10**12 * numbers + 1500) // 3000)
    assert since[120_000] == 80 * 10**12
    assert (times.fate == Fate.USED).all()


@given(rate_hz=st.floats(50.0, 1e5), frames=st.integers(1, 20_000))
def test_a_frame_starts_within_half_a_picosecond_of_its_exact_instant(rate_hz: float, frames: int) -> None:
    timing = PipelineTiming(0, 0, rate_hz, 1, 1, 1, 0, 1, 0, 20_001, 1, 1)
    start = Pipeline(timing).send(7, np.zeros(frames + 1, dtype=np.int64)).exposure_start
    exact = Fraction(frames * 10**12) / Fraction(rate_hz)
    rounding = Fraction(1, 2) + exact / 2**53  # a double's own quotient, at worst
    assert abs(int(start[-1]) - 7 - exact) <= rounding


def test_an_unbroken_sequence_goes_on_over_several_commands() -> None:
    pipeline = Pipeline(EASY)
    sent = [pipeline.send(0, np.zeros(1000, dtype=np.int64)) for _ in range(3)]
    starts = np.array(joined(sent, "exposure_start"))
    np.testing.assert_array_equal(starts - starts[0], (2 * 10**12 * np.arange(3000) + 1500) // 3000)


def test_a_pattern_that_comes_late_begins_a_new_sequence_at_once() -> None:
    pipeline = Pipeline(EASY)
    first = pipeline.send(0, np.zeros(2, dtype=np.int64))
    second = pipeline.send(10**12, np.zeros(2, dtype=np.int64))
    assert first.exposure_start[0] == EASY.upload_ps + EASY.load_ps
    assert second.exposure_start[0] == 10**12 + EASY.upload_ps + EASY.load_ps


def test_the_upload_waits_for_a_place_in_the_memory_of_patterns() -> None:
    timing = PipelineTiming(US, US, 1000.0, US, US, US, 0, US, 0, 2, 4, 4)
    times = Pipeline(timing).send(0, np.zeros(5, dtype=np.int64))
    np.testing.assert_array_equal(times.upload_start[2:], times.exposure_start[:-2])


@pytest.mark.parametrize(("grab_us", "kept"), [(600, 1.0), (1334, 0.5), (2668, 0.25)])
def test_a_host_that_is_late_loses_the_frames_that_it_has_no_time_for(grab_us: int, kept: float) -> None:
    """A host that takes k periods a frame uses one frame in k, but for those that its buffer held."""
    timing = PipelineTiming(US, US, 1500.0, US, US, US, 0, grab_us * US, 0, 99, 4, 10)
    times = Pipeline(timing).send(0, np.zeros(4000, dtype=np.int64))
    used, lost = times.count(Fate.USED), times.count(Fate.HOST_FULL)
    assert used + lost == 4000
    assert used == pytest.approx(kept * 4000, abs=15)
    assert (lost == 0) == (kept == 1.0)


def test_a_link_that_is_late_loses_frames_in_the_camera() -> None:
    timing = PipelineTiming(US, US, 1500.0, US, US, 1334 * US, 0, US, 0, 99, 4, 10)
    times = Pipeline(timing).send(0, np.zeros(1000, dtype=np.int64))
    assert times.count(Fate.CAMERA_FULL) == pytest.approx(500, abs=5)
    assert times.count(Fate.USED, Fate.CAMERA_FULL) == 1000


@given(timing=timings(), commands=sendings())
def test_a_stage_never_holds_two_frames_and_no_frame_goes_backwards(
    timing: PipelineTiming, commands: list[Sending]
) -> None:
    sent = send_all(timing, commands)
    table = np.array([joined(sent, name) for name in INSTANTS])
    assert (np.diff(table, axis=0) >= 0).all()
    fates = np.array(joined(sent, "fate"))
    moved = ~np.isin(fates, [Fate.MISSED, Fate.CAMERA_FULL])
    grabbed = moved & (fates != Fate.HOST_FULL)
    for first, last, mask in ((0, 1, moved | ~moved), (5, 6, moved), (7, 8, grabbed)):
        start, end = table[first][mask], table[last][mask]
        if first == 5:
            end = end - timing.latency_ps  # which keeps no other waiting
        assert (start[1:] >= end[:-1]).all()


def test_a_lost_frame_repeats_its_last_instant() -> None:
    times = Pipeline(EASY).send(0, np.array([Fate.MISSED, Fate.TORN, Fate.USED]))
    assert times.fate.tolist() == [Fate.MISSED, Fate.TORN, Fate.USED]
    assert times.grab_end[0] == times.transfer_start[0] == times.readout_end[0]
    assert (times.grab_end[1:] - times.grab_start[1:] == EASY.grab_ps).all()
    assert times.done_ps == times.grab_end.max()


def test_a_frame_is_late_only_after_its_deadline() -> None:
    age_ps = 400 * US + 200 * US + 150 * US + US + 180 * US
    for deadline_ps, fate in ((age_ps, Fate.USED), (age_ps - 1, Fate.LATE), (0, Fate.USED)):
        timing = PipelineTiming(
            65 * US, 100 * US, 1500.0, 400 * US, 200 * US, 150 * US, US, 180 * US, deadline_ps, 9, 9, 9
        )
        assert Pipeline(timing).send(0, np.zeros(3, dtype=np.int64)).fate.tolist() == [fate] * 3


@pytest.mark.parametrize(
    "field", ["upload_ps", "load_ps", "exposure_ps", "transfer_ps", "latency_ps", "grab_ps"]
)
@pytest.mark.parametrize("share", [1.0, 0.3, 0.011])
def test_frames_end_before_the_end_of_time_or_an_error_names_it(field: str, share: float) -> None:
    """A stage that takes a share of all time wraps no instant, whichever it is and however many frames come."""
    timing = replace(
        PipelineTiming(5, 5, 1e6, 10, 5, 5, 5, 5, 0, 10_000, 10_000, 10_000), **{field: int(share * LAST_PS)}
    )
    queues = field in {
        "upload_ps",
        "transfer_ps",
        "grab_ps",
    }  # the others overlap: only their own length counts
    most = int(1 / share) - 1 if queues or share == 1.0 else 200
    if most:
        times = Pipeline(timing).send(0, np.zeros(most, dtype=np.int64))
        assert all((getattr(times, name) >= 0).all() for name in INSTANTS)
        assert (np.diff(times.grab_start) >= 0).all()
    if queues or share == 1.0:
        with pytest.raises(ClockError, match="106 days"):
            Pipeline(timing).send(0, np.zeros(200, dtype=np.int64))


@pytest.mark.parametrize("rate_hz", [1e-7, 1e-6, 1e-5, 1e-3])
def test_a_slow_beat_reaches_the_end_of_time_and_wraps_no_instant(rate_hz: float) -> None:
    timing = PipelineTiming(5, 5, rate_hz, 10, 5, 5, 5, 5, 0, 4, 4, 4)
    fit = int(LAST_PS / 1e12 * rate_hz) + 1
    times = Pipeline(timing).send(0, np.zeros(fit, dtype=np.int64))
    assert (np.diff(times.exposure_start) > 0).all()
    with pytest.raises(ClockError, match="106 days"):
        Pipeline(timing).send(0, np.zeros(fit + 1, dtype=np.int64))


@pytest.mark.parametrize("issued_ps", [LAST_PS, 2**64, 10**30])
def test_frames_that_are_sent_at_the_end_of_time_are_refused(issued_ps: int) -> None:
    timing = PipelineTiming(5, 5, 1e3, 10, 5, 5, 5, 5, 0, 4, 4, 4)
    with pytest.raises(ClockError, match="106 days"):
        Pipeline(timing).send(issued_ps, np.zeros(1, dtype=np.int64))
