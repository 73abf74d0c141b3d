"""What the processing unit costs: frames, seconds and joules, and what overlaps with what."""

import numpy as np
import pytest

from emulator.bench import Bench
from emulator.commands import (
    Compute,
    Controller,
    Forward,
    FrameCounts,
    Join,
    Project,
    Projection,
    Start,
    Wait,
)
from emulator.instruments.chip.chip import Chip
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Stand
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.opu import Opu
from emulator.instruments.opu.timing import OpuDesign
from tests.bench_lab import BATCH, CAUSE, STARTED, SmallLab, exact_run_energy_j
from tests.builders import NotingRecorder
from tests.opu_lab import (
    DESIGN,
    FREE_HOST,
    Outing,
    project_all,
    projections,
    random_vectors,
    row_spans,
    run_opu,
    slow_host,
    small_opu,
)

PS = 10**12
BINARY = ("recovery.mode=intensity", "dmd.encoding=binary")


def test_an_epoch_of_sixty_thousand_samples_takes_eighty_seconds_and_two_point_four_kilojoules() -> None:
    """Two frames a sample at 1.5 kHz and 30 W; commands are started ahead, so no frame is waited for."""
    config = OpuConfig(preset="light_in_the_loop")
    design, samples, batch = OpuDesign(10, 16), 60_000, 3000
    vectors = random_vectors(batch, design.features)

    def epoch() -> Controller:
        ahead = yield Start(Project(vectors))
        for _ in range(samples // batch - 1):
            ticket, ahead = ahead, (yield Start(Project(vectors)))
            yield Join(ticket)
        yield Join(ahead)

    host = HostConfig(preset="workstation")
    outing = run_opu(config, [epoch()], design, host)
    result, counts = outing.result, [count for _, count in outing.rows.frame_counts]
    assert outing.result.queries == samples
    assert sum(count.used for count in counts) == sum(count.sent for count in counts) == 120_000
    assert result.elapsed_s == pytest.approx(80.0, abs=2e-3)
    energy = result.energy_by_component_j
    assert energy["opu.box"] == 30.0 * result.elapsed_s
    assert energy["opu.box"] == pytest.approx(2400.0, rel=1e-4)
    grab_s = outing.bench.instrument(Opu).sender.pipeline.timing.grab_ps / PS
    assert energy["host.frames"] == pytest.approx(120_000 * grab_s * host.frame_power_w, rel=1e-9)
    assert result.busy_by_span_s["camera.exposure"] == pytest.approx(120_000 * 400e-6)


def test_the_next_commands_frames_follow_the_last_ones_without_a_gap() -> None:
    """Two agents share the unit; all frames together keep the beat of one clock, until the first agent ends."""
    config = small_opu()
    replies: list[Projection] = []
    agents = [project_all([random_vectors(200), random_vectors(200)], replies) for _ in range(2)]
    outing = run_opu(config, [*agents])
    spans = [row_spans(outing.rows, row)["camera.exposure"][0] for row in range(3)]
    beat_ps = PS / 1500
    for number, (start, end) in enumerate(spans):
        assert start - spans[0][0] == pytest.approx(number * 400 * beat_ps, abs=1)
        assert end - start == pytest.approx(399 * beat_ps + 400e6, abs=1)
    assert [row[STARTED] for row in outing.rows.commands] == sorted(
        row[STARTED] for row in outing.rows.commands
    )


@pytest.mark.parametrize("think_ms", [0, 5])
def test_an_agent_that_answers_within_a_beat_loses_none_and_a_slower_one_pays_for_its_gaps(
    think_ms: int,
) -> None:
    """One command after the other: the frame clock goes on while the reply is looked at, and so does the box."""

    def patient() -> Controller:
        for _ in range(5):
            yield Project(random_vectors(10))
            yield Wait(bench.now_ps + think_ms * 10**9)

    bench = Bench({"opu": Stand(small_opu(), DESIGN), "host": Stand(FREE_HOST)}, 0)
    result = bench.run({"a": patient()})
    timing = bench.instrument(Opu).sender.pipeline.timing
    fill_ps = timing.upload_ps + timing.load_ps + timing.exposure_ps + timing.readout_ps
    fill_ps += timing.transfer_ps + timing.latency_ps + timing.grab_ps
    unbroken_s, broken_s = 99 / 1500 + fill_ps / PS, 5 * (19 / 1500 + fill_ps / PS + think_ms * 1e-3)
    assert result.elapsed_s == pytest.approx(broken_s if think_ms else unbroken_s, abs=1e-10)
    assert result.energy_by_component_j["opu.box"] == 30.0 * result.elapsed_s


def test_zero_vectors_cost_no_frame_when_they_may_be_skipped() -> None:
    vectors = random_vectors(40)
    vectors[::2] = 0
    (kept,), slow = projections(small_opu(), [vectors])
    (skipped,), fast = projections(small_opu("skip_zero=true"), [vectors])
    assert kept.frames == FrameCounts(40, 0, 80, 80, 0, 0, 0)
    assert skipped.frames == FrameCounts(40, 20, 40, 40, 0, 0, 0)
    assert skipped.valid.all()
    assert kept.outputs[0].any()
    assert not skipped.outputs[::2].any()
    np.testing.assert_array_equal(skipped.outputs[1::2], kept.outputs[1::2])
    assert slow.result.elapsed_s - fast.result.elapsed_s == pytest.approx(40 / 1500, abs=1e-9)


def test_only_zero_vectors_are_answered_at_once() -> None:
    (reply,), outing = projections(small_opu("skip_zero=true"), [np.zeros((9, 20), np.float32)])
    assert reply.frames == FrameCounts(9, 9, 0, 0, 0, 0, 0)
    assert reply.valid.all()
    assert outing.result.elapsed_s == 0.0


def test_the_anchor_is_shown_once_before_the_first_vectors() -> None:
    replies, _ = projections(small_opu("recovery.mode=anchor"), [random_vectors(5)] * 3)
    assert [reply.frames.sent for reply in replies] == [21, 20, 20]


def test_a_lost_anchor_spoils_the_command_and_is_shown_again() -> None:
    config = small_opu("recovery.mode=anchor", "retries=0", "camera.missed_probability=0.5")
    for seed in range(20):
        replies, _ = projections(config, [random_vectors(2)] * 2, seed=seed)
        setups = [reply.frames.sent - 8 for reply in replies]
        if setups == [1, 1]:
            assert not replies[0].valid.any()
            return
    pytest.fail("no seed loses the anchor")


def test_long_commands_are_cut_into_acquisitions() -> None:
    config = small_opu(*BINARY, "acquisition_s=0.05", "batch_patterns=100")
    vectors = random_vectors(250, encoding="binary")
    (reply,), outing = projections(config, [vectors])
    assert reply.frames.used == 250
    assert outing.result.elapsed_s == pytest.approx(3 * 0.05 + 247 / 1500, abs=3e-3)
    assert len(row_spans(outing.rows, 0)["camera.exposure"]) == 3


def test_frames_in_flight_and_host_work_overlap() -> None:
    """100 ms of arithmetic under 133 ms of frames: the frames come last, so they cause what comes next."""
    host = FREE_HOST.model_copy(update={"flops_per_s": 1e9, "active_power_w": 100.0, "idle_power_w": 40.0})

    def overlapping() -> Controller:
        ticket = yield Start(Project(random_vectors(100)))
        computed = yield Compute(10**8, 0, "backward")
        assert computed.duration_ps == PS // 10
        yield Join(ticket)
        yield Compute(10**7, 0, "update")

    outing = run_opu(small_opu(), [overlapping()], host=host)
    result = outing.result
    assert [row[CAUSE] for row in outing.rows.commands] == [-1, -1, 1]
    assert outing.rows.joins == [(2, 0)]
    frames_s = result.elapsed_s - 0.01
    assert frames_s == pytest.approx(200 / 1500, abs=2e-3)
    assert result.energy_by_component_j["host"] == pytest.approx(40 * result.elapsed_s + 60 * 0.11)
    assert result.busy_by_span_s["host.backward"] == pytest.approx(0.1)
    assert result.busy_by_span_s["host.update"] == pytest.approx(0.01)


def test_grabbing_draws_the_hosts_frame_power_for_its_time() -> None:
    replies: list[Projection] = []
    host = slow_host(500e-6, 64)
    outing = run_opu(
        small_opu(*BINARY), [project_all([random_vectors(30, encoding="binary")] * 3, replies)], host=host
    )
    assert outing.result.energy_by_component_j["host.frames"] == pytest.approx(90 * 500e-6 * 60.0, rel=1e-9)
    level = [watts for component, _, watts in outing.rows.watts if component == frames_component(outing)]
    assert min(level) >= 0
    assert level[-1] == 0


def frames_component(outing: Outing) -> int:
    return outing.rows.names["power.component"].index("host.frames")


def test_two_hosts_of_frames_at_one_instant_add_up() -> None:
    """The first command's frames are still grabbed when the second one's come: powers add, energy is exact."""
    host = slow_host(3e-3, 64)
    config = small_opu(*BINARY, "retries=0")
    replies, outing = projections(config, [random_vectors(20, encoding="binary")] * 4, host)
    grabbed = sum(reply.frames.used for reply in replies)
    assert grabbed == 80
    assert outing.result.energy_by_component_j["host.frames"] == pytest.approx(80 * 3e-3 * 60.0, rel=1e-9)


def test_chip_unit_and_host_stand_on_one_bench_and_their_energies_add_up(lab: SmallLab) -> None:
    """Frames are in flight while the chip is asked; queries are the chip's where there is one."""
    design, replies = lab.bench().instrument(Chip).core.design, []

    def agent() -> Controller:
        ticket = yield Start(Project(random_vectors(10)))
        yield Forward(BATCH)
        replies.append((yield Join(ticket)))

    recorder = NotingRecorder()
    stands = {"chip": Stand(lab.chip, design), "opu": Stand(small_opu(), DESIGN), "host": Stand(lab.host)}
    bench = Bench(stands, 0)
    result = bench.run({"a": agent()}, recorder=recorder)
    assert (result.queries, bench.instrument(Opu).queries) == (1, 10)
    energy = result.energy_by_component_j
    assert {"host", "host.frames", "opu.box"} < energy.keys()
    assert energy["opu.box"] == 30.0 * result.elapsed_s
    exact = exact_run_energy_j(Outing(result, recorder, bench))
    assert result.energy_j == pytest.approx(float(exact), rel=1e-12)
    (alone,), _ = projections(small_opu(), [random_vectors(10)])
    np.testing.assert_array_equal(replies[0].outputs, alone.outputs)


def test_a_run_that_ends_with_frames_in_flight_pays_for_what_it_has_used() -> None:
    def hasty() -> Controller:
        yield Start(Project(random_vectors(100)))
        yield Wait(PS // 100)

    outing = run_opu(small_opu(), [hasty()])
    assert outing.result.status == "complete"
    assert outing.rows.commands == []
    assert outing.result.energy_by_component_j["opu.box"] == 30.0 * 0.01
