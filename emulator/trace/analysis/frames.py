"""The frames of a trace's projections, frame by frame at every detail; it divides no time among them.

At detail "commands" a trace holds one span a stage of a pipelined command, from its first frame to its last. When
each frame passed follows from the configuration that the trace embeds: the frames are sent again by the very code
that the run sent them with, as agents had changed it by then, and are taken only if all that was recorded of them
follows. Where it does not, as in a trace of a bench that no study built, the recorded stages stand for them.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Final

import numpy as np

from emulator.config.models import build
from emulator.config.toml import parse_toml
from emulator.errors import ConfigError, PhysicsError
from emulator.instruments.host.config import HostConfig
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.frames import FRAME_STATES, FrameSender, Sent
from emulator.instruments.opu.pipeline import FrameTimes
from emulator.instruments.opu.spans import STAGES, stage_spans
from emulator.instruments.opu.timing import OpuDesign, patterns_of
from emulator.trace.plans import merge_spans
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import Spans

__all__ = ["frame_table", "frames_known", "joined", "recorded_design", "stored_parts", "stored_spans"]

_UNIT: Final = "opu"
_PART: Final = 2**16
"""Frames, at least, of a part: what is made of a part takes little memory beside what is kept of all."""


def stored_spans(trace: Trace) -> Spans:
    """Return the spans that no plan stands for, those of projections frame by frame where the frames are known.

    At detail "full" these are all spans of the trace. They come sorted by start and then by command.
    """
    others, *framed = stored_parts(trace)
    return merge_spans(others, joined(framed)) if framed else others


def stored_parts(trace: Trace) -> Iterator[Spans]:
    """Yield ``stored_spans`` in parts, each of which holds all of a command: first those that are no frames."""
    sent = {} if trace.detail == "full" else _sent_again(trace)
    if not sent:
        yield trace.spans
        return
    rows = np.fromiter(sent, dtype=np.int64, count=len(sent))
    other = ~np.isin(trace.spans.command, rows)
    yield Spans(*(getattr(trace.spans, one.name)[other] for one in fields(Spans)))
    stages = _stage_numbers(trace)
    waiting: list[tuple[int, FrameTimes]] = []
    for row, each in sent.items():
        waiting += ((row, times) for times in each.passes)
        if sum(len(times.fate) for _, times in waiting) >= _PART:
            yield frame_table(waiting, stages)
            waiting = []
    yield frame_table(waiting, stages)


def frames_known(trace: Trace) -> bool | None:
    """Tell whether the instants of single frames are known; None where the trace holds no projection."""
    if trace.detail == "summary" or len(trace.frames.command) == 0:
        return None
    return trace.detail == "full" or bool(_sent_again(trace))


def recorded_design(trace: Trace) -> OpuDesign | None:
    """Return the sizes that the recorded projections have; None where nothing was projected."""
    names, work = trace.labels("work.quantity"), trace.work
    sizes = []
    for name in ("features", "outputs"):
        if name not in names:
            return None
        found = work.value[work.quantity == names.index(name)]
        if len(found) == 0:
            return None
        sizes.append(int(found[0]))
    return OpuDesign(features=sizes[0], outputs=sizes[1])


def frame_table(passes: Sequence[tuple[int, FrameTimes]], stages: Sequence[tuple[int, int]]) -> Spans:
    """Return the span of every frame in every stage that it reached, stage by stage.

    ``passes`` are frames with the row of their command; ``stages`` number resource and activity of each of
    ``STAGES``.
    """
    sizes = [len(times.fate) for _, times in passes]
    command = np.repeat(np.array([row for row, _ in passes], dtype=np.int64), sizes)
    none = np.empty(0, dtype=np.int64)
    parts = [Spans(none.astype(np.uint8), none.astype(np.uint8), none, none, none)]
    for (_, _, first, last), numbers in zip(STAGES, stages, strict=True):
        start = np.concatenate([none, *(getattr(times, first) for _, times in passes)])
        end = np.concatenate([none, *(getattr(times, last) for _, times in passes)])
        came = end > start
        if came.any():
            resource, activity = (np.full(int(came.sum()), number, dtype=np.uint8) for number in numbers)
            parts.append(Spans(resource, activity, start[came], end[came], command[came]))
    return joined(parts)


def joined(parts: Sequence[Spans]) -> Spans:
    """Return the spans of all ``parts``, one after the other."""
    return Spans(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Spans)))


def _sent_again(trace: Trace) -> dict[int, Sent]:
    """Return what became of the frames of each projection, by row; nothing unless all of it is as recorded."""
    frames = trace.frames
    whole = np.flatnonzero(frames.command < len(trace.commands.plan))
    found = _sender(trace) if len(whole) else None
    if found is None:
        return {}
    config, sender = found
    sent: dict[int, Sent] = {}
    rows, said = frames.command[whole].tolist(), frames.sent[whole].tolist()
    changes = _disturbances(trace)
    for row, patterns, most in zip(rows, _patterns(trace, config, rows), said, strict=True):
        if not 0 <= patterns <= most:
            return {}
        issued_ps = int(trace.commands.t_issued[row])
        while changes and changes[0][0] <= issued_ps:
            at_ps, state, value = changes.popleft()
            sender.disturb(state, value, at_ps)
        sent[row] = sender.send(issued_ps, patterns)
    return sent if _follows(trace, sent) else {}


def _disturbances(trace: Trace) -> deque[tuple[int, str, float]]:
    """Return when agents changed which hidden state of the sender to what, in order of time."""
    commands, instruments = trace.commands, trace.labels("commands.instrument")
    named = {f"disturb.{state}": state for state in FRAME_STATES}
    kinds = enumerate(trace.labels("commands.kind"))
    states = {number: named[kind] for number, kind in kinds if kind in named}
    rows = np.flatnonzero(np.isin(commands.kind, list(states)))
    return deque(
        (int(commands.t_issued[row]), states[int(commands.kind[row])], float(commands.value[row]))
        for row in rows.tolist()
        if instruments[commands.instrument[row]] == _UNIT
    )


def _sender(trace: Trace) -> tuple[OpuConfig, FrameSender] | None:
    """Return the unit of the embedded configuration, its pipeline empty; None where this version can read none."""
    design, text = recorded_design(trace), trace.config_text
    try:
        tree = parse_toml(text, str(trace.path))
        unit, host = tree.get(_UNIT), tree.get("host", {})
        if design is None or not isinstance(unit, dict) or not isinstance(host, dict):
            return None
        config = build(OpuConfig, unit, str(trace.path))
        sender = FrameSender(config, build(HostConfig, host, str(trace.path)), design, trace.seed)
    except (ConfigError, PhysicsError):
        return None
    return config, sender


def _patterns(trace: Trace, config: OpuConfig, rows: Sequence[int]) -> list[int]:
    """Return how many patterns each of the projections ``rows`` shows; -1 where it is not said."""
    names, work = trace.labels("work.quantity"), trace.work
    amounts: dict[int, dict[str, int]] = {}
    asked = zip(work.plan.tolist(), work.quantity.tolist(), work.value.tolist(), strict=True)
    for plan, quantity, value in asked:
        amounts.setdefault(plan, {})[names[quantity]] = value
    shown = {
        plan: patterns_of(config, each["vectors"], each["dark"])
        for plan, each in amounts.items()
        if {"vectors", "dark"} <= each.keys()
    }
    return [shown.get(plan, -1) for plan in trace.commands.plan[np.array(rows)].tolist()]


def _follows(trace: Trace, sent: Mapping[int, Sent]) -> bool:
    """Tell whether the frames ``sent`` make the instants, the counts and the stages that were recorded."""
    commands, frames = trace.commands, trace.frames
    rows = np.fromiter(sent, dtype=np.int64, count=len(sent))
    times = np.array([(one.started_ps, one.done_ps) for one in sent.values()], dtype=np.int64).reshape(-1, 2)
    counts = np.array([one.counts(0, 0)[2:] for one in sent.values()], dtype=np.int64).reshape(-1, 5)
    said = np.stack([frames.sent, frames.used, frames.dropped, frames.late, frames.torn], axis=1)[: len(rows)]
    if not (
        np.array_equal(times[:, 0], commands.t_started[rows])
        and np.array_equal(times[:, 1], commands.t_done[rows])
        and np.array_equal(counts, said)
    ):
        return False
    numbers = {stage[:2]: number for stage, number in zip(STAGES, _stage_numbers(trace), strict=True)}
    expected = sorted(
        (row, *numbers[span.resource, span.activity], span.t_start, span.t_end)
        for row, one in sent.items()
        for each in one.passes
        for span in stage_spans(each)
    )
    spans = trace.spans
    mine = np.isin(spans.command, rows)
    columns = (spans.command, spans.resource, spans.activity, spans.t_start, spans.t_end)
    return expected == sorted(zip(*(column[mine].tolist() for column in columns), strict=True))


def _stage_numbers(trace: Trace) -> list[tuple[int, int]]:
    """Return the labels of each stage's resource and activity; -1 for one that the trace never met."""
    resources, activities = trace.labels("spans.resource"), trace.labels("spans.activity")
    return [
        (
            resources.index(resource) if resource in resources else -1,
            activities.index(activity) if activity in activities else -1,
        )
        for resource, activity, _, _ in STAGES
    ]
