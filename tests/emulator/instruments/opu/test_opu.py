"""The processing unit on the bench: outputs stay with their inputs, and the trace tells what became of frames."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from emulator.bench import Bench
from emulator.commands import Controller, Join, Project, Projection, Start
from emulator.config.models import preset_names
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Setting, Stand
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.frames import FrameSender
from emulator.instruments.opu.opu import Opu
from emulator.meter import Meter
from tests.bench_lab import DONE, ISSUED, PLAN, RESULT, STARTED
from tests.builders import NotingRecorder
from tests.opu_lab import (
    DESIGN,
    FREE_HOST,
    project_all,
    projections,
    random_vectors,
    row_spans,
    run_opu,
    slow_host,
    small_opu,
)

PS = 10**12
EXACT = ("camera.noise=false", "fidelity=field")
LOSSY = ("dmd.torn_probability=0.3", "camera.missed_probability=0.3")


def linear_truth(bench: Bench, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the real products of ``vectors`` with the medium's own matrix."""
    matrix = (
        bench.instrument(Opu)
        .core.medium.fields(np.eye(DESIGN.features, dtype=np.float32))
        .astype(np.complex128)
    )
    if bench.instrument(Opu).core.config.recovery.mode == "anchor":
        anchor = matrix.sum(axis=0)
        matrix = matrix * np.conj(anchor / np.abs(anchor))
    return np.asarray((vectors.astype(np.float64) @ matrix).real)


@settings(max_examples=25)
@given(
    mode=st.sampled_from(["off_axis", "phase_shifting", "anchor"]),
    torn=st.floats(0, 0.3),
    missed=st.floats(0, 0.3),
    retries=st.integers(0, 3),
    grab_us=st.sampled_from([1, 900, 5000]),
    sizes=st.lists(st.integers(1, 12), min_size=1, max_size=5),
    gap_ps=st.sampled_from([0, PS // 500, PS // 10]),
    seed=st.integers(0, 50),
)
def test_outputs_belong_to_their_own_inputs_whatever_is_lost(
    mode: str,
    torn: float,
    missed: float,
    retries: int,
    grab_us: int,
    sizes: list[int],
    gap_ps: int,
    seed: int,
) -> None:
    """Also under commands that overlap, and a host that drops frames; rows without all frames are 0, and named."""
    config = small_opu(
        f"recovery.mode={mode}", *EXACT, f"dmd.torn_probability={torn}", f"retries={retries}",
        f"camera.missed_probability={missed}", "pcie.buffer_frames=2", "skip_zero=true",
    )  # fmt: skip
    host = FREE_HOST.model_copy(update={"bytes_per_s": 576 / (grab_us * 1e-6)})
    batches = [random_vectors(size, lit=0.1, seed=number) for number, size in enumerate(sizes)]
    replies, outing = projections(config, batches, host, gap_ps, seed)
    twin = FrameSender(config, host, DESIGN, seed)
    for vectors, reply, row in zip(batches, replies, outing.rows.commands, strict=True):
        shown = vectors.any(axis=1)
        sent = twin.send(row[ISSUED], 2 * int(shown.sum()))
        complete = ~shown
        if shown.any():
            frames = sent.used[sent.setup :].reshape(int(shown.sum()), -1)
            complete[shown] = frames.all(axis=1) & sent.used[: sent.setup].all()
        np.testing.assert_array_equal(reply.valid, complete)
        truth = linear_truth(outing.bench, vectors)
        scale = max(1.0, np.abs(truth).max())
        np.testing.assert_allclose(reply.outputs[complete], truth[complete], atol=1e-5 * scale)
        assert not reply.outputs[~(complete & shown)].any()
        assert reply.frames.sent == reply.frames.used + reply.frames.dropped + reply.frames.late


def test_retries_bring_every_row_back() -> None:
    vectors = random_vectors(300)
    for retries, all_valid in ((0, False), (40, True)):
        (reply,), outing = projections(small_opu(*EXACT, *LOSSY, f"retries={retries}"), [vectors])
        assert reply.valid.all() == all_valid
        assert reply.valid.any()
    truth = linear_truth(outing.bench, vectors)
    np.testing.assert_allclose(reply.outputs, truth, atol=1e-5 * np.abs(truth).max())


def test_a_command_without_frames_does_not_overtake_the_one_before() -> None:
    """Both are started at once; the second one sends nothing, and must not take the first one's frames."""
    batches = [random_vectors(50, seed=1), np.zeros((3, 20), np.float32), random_vectors(50, seed=2)]
    replies, outing = projections(small_opu(*EXACT, "skip_zero=true"), batches)
    assert [reply.frames.sent for reply in replies] == [100, 0, 100]
    for reply, vectors in zip(replies, batches, strict=True):
        truth = linear_truth(outing.bench, vectors)
        np.testing.assert_allclose(reply.outputs, truth, atol=1e-4)
    done = [row[DONE] for row in outing.rows.commands]
    assert done == sorted(done)


def test_what_is_written_into_vectors_after_they_were_sent_changes_nothing() -> None:
    vectors = random_vectors(20)
    kept, replies = vectors.copy(), []

    def hasty() -> Controller:
        ticket = yield Start(Project(vectors))
        vectors[:] = 0
        replies.append((yield Join(ticket)))

    outing = run_opu(small_opu(*EXACT), [hasty()])
    truth = linear_truth(outing.bench, kept)
    np.testing.assert_allclose(replies[0].outputs, truth, atol=1e-5 * np.abs(truth).max())


@pytest.mark.parametrize("fidelity", ["statistical", "field"])
def test_noise_is_the_same_however_the_vectors_are_cut_into_commands(fidelity: str) -> None:
    vectors, config = random_vectors(40), small_opu(f"fidelity={fidelity}")
    (whole,), _ = projections(config, [vectors])
    parts, _ = projections(config, [vectors[:7], vectors[7:30], vectors[30:]])
    joined = np.concatenate([part.outputs for part in parts])
    np.testing.assert_allclose(joined, whole.outputs, atol=1e-5 * np.abs(joined).max())


def test_the_trace_keeps_counts_work_and_stages_of_a_command() -> None:
    replies, outing = projections(small_opu(), [random_vectors(7), random_vectors(3, seed=1)])
    rows = outing.rows
    assert rows.frame_counts == [(0, replies[0].frames), (1, replies[1].frames)]
    for row, (command, vectors) in zip(rows.commands, rows.vectors, strict=True):
        assert rows.works[row[PLAN]] == (
            ("vectors", len(vectors)),
            ("dark", 0),
            ("features", DESIGN.features),
            ("outputs", DESIGN.outputs),
        )
        assert rows.plans[row[PLAN]] == ()
        assert row[RESULT] == pytest.approx(replies[command].outputs.sum(dtype=np.float64), rel=1e-4)
        spans = row_spans(rows, command)
        assert set(spans) >= {"uplink.upload", "camera.exposure", "sensor.readout", "downlink.transfer"}
        assert spans["uplink.upload"][0][0] == row[STARTED]
        assert max(end for each in spans.values() for _, end in each) <= row[DONE]


def test_the_full_trace_has_a_span_for_every_frame_and_stage() -> None:
    recorder = NotingRecorder()
    recorder.detail = "full"
    bench = Bench({"opu": Stand(small_opu(), DESIGN), "host": Stand(slow_host(1e-4, 64))}, 0)
    replies: list[Projection] = []
    bench.run({"a": project_all([random_vectors(7)], replies)}, recorder=recorder)
    spans = row_spans(recorder, 0)
    assert {name: len(each) for name, each in spans.items()} == dict.fromkeys(
        ["uplink.upload", "camera.exposure", "sensor.readout", "downlink.transfer", "grabber.grab"], 14
    )


def test_rows_that_are_read_beyond_those_needed_cost_time_only() -> None:
    (few,), _ = projections(small_opu(), [random_vectors(5)])
    (many,), outing = projections(small_opu("camera.roi_rows=40"), [random_vectors(5)])
    np.testing.assert_array_equal(few.outputs, many.outputs)
    assert outing.bench.instrument(Opu).sender.pipeline.timing.readout_ps == 52 * 2_687_500


@pytest.mark.parametrize("name", preset_names("opu"))
def test_every_preset_projects(name: str) -> None:
    config = OpuConfig(preset=name)
    vectors = random_vectors(9, encoding=config.dmd.encoding)
    (reply,), outing = projections(config, [vectors], HostConfig(preset="workstation"))
    assert reply.outputs.shape == (9, DESIGN.outputs)
    assert reply.valid.all()
    assert not reply.outputs.flags.writeable
    assert outing.result.energy_by_component_j["opu.box"] == 30.0 * outing.result.elapsed_s


def test_a_reply_cannot_be_written_to() -> None:
    (reply,), _ = projections(small_opu(), [random_vectors(3)])
    with pytest.raises(ValueError, match="read-only"):
        reply.outputs[0] = 1


def test_a_unit_may_be_used_without_a_bench() -> None:
    unit = Opu(small_opu(), DESIGN, Setting(0, FREE_HOST, Meter()))
    command = Project(random_vectors(4))
    service = unit.begin(command)
    admission = unit.admit(command, 5)
    reply, target, value, _, note = unit.run(command, service, admission.started_ps)
    assert (service.reply_ps, target, value) == (0, 4, 8.0)
    assert note is not None
    assert isinstance(reply, Projection)
    assert unit.queries == 4
    assert unit.opening_states() == ()
    assert [state[0] for state in unit.closing_states()] == ["shown"]
