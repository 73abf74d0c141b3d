"""The spans of frames: their stages from first to last, or frame by frame, and the time that each takes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from emulator.instruments.opu.pipeline import Fate, FrameTimes, Pipeline, PipelineTiming
from emulator.instruments.opu.spans import STAGES, FrameSpan, frame_spans, stage_busy_ps, stage_spans

TIMING = PipelineTiming(3, 5, 1e9, 400, 200, 150, 7, 180, 0, 99, 2, 2)
FATES = st.lists(st.sampled_from([Fate.USED, Fate.TORN, Fate.MISSED]), min_size=1, max_size=12)


def sent(losses: list[Fate], timing: PipelineTiming = TIMING) -> FrameTimes:
    return Pipeline(timing).send(10, np.array(losses, dtype=np.int64))


def test_one_frame_has_one_span_a_stage_and_they_follow_each_other() -> None:
    load_ps, slot = 5, 10 + 3 + 5
    expected = [
        FrameSpan("uplink", "upload", 10, slot - load_ps),
        FrameSpan("camera", "exposure", slot, slot + 400),
        FrameSpan("sensor", "readout", slot + 400, slot + 600),
        FrameSpan("downlink", "transfer", slot + 600, slot + 757),
        FrameSpan("grabber", "grab", slot + 757, slot + 937),
    ]
    times = sent([Fate.USED])
    assert list(frame_spans(times)) == list(stage_spans(times)) == expected


def test_a_frame_that_was_missed_has_no_spans_beyond_its_readout() -> None:
    spans = list(frame_spans(sent([Fate.MISSED])))
    assert [span.resource for span in spans] == ["uplink", "camera", "sensor"]


def test_stages_that_take_no_time_have_no_span() -> None:
    free = PipelineTiming(0, 0, 1e9, 400, 0, 0, 0, 0, 0, 99, 2, 2)
    assert [span.resource for span in stage_spans(sent([Fate.USED], free))] == ["camera"]


@given(losses=FATES)
def test_a_stage_lasts_from_its_first_to_its_last_frame(losses: list[Fate]) -> None:
    times = sent(losses)
    by_stage: dict[tuple[str, str], list[FrameSpan]] = {}
    for span in frame_spans(times):
        by_stage.setdefault(span[:2], []).append(span)
    expected = [
        FrameSpan(*stage, min(span.t_start for span in spans), max(span.t_end for span in spans))
        for stage, spans in by_stage.items()
    ]
    assert sorted(stage_spans(times)) == sorted(expected)


@given(losses=FATES)
def test_busy_time_is_the_sum_of_the_frames_spans(losses: list[Fate]) -> None:
    times = sent(losses)
    busy = {f"{resource}.{activity}": 0 for resource, activity, _, _ in STAGES}
    for span in frame_spans(times):
        busy[f"{span.resource}.{span.activity}"] += span.t_end - span.t_start
    assert stage_busy_ps(times) == busy
    assert busy["camera.exposure"] == 400 * len(losses)
