"""What the house needs to know of the optical processing unit."""

import numpy as np

from emulator.commands import Project, ProjectFrames
from emulator.instruments.instrument import InstrumentKind
from emulator.instruments.opu.calibrated import frame_terms
from emulator.instruments.opu.check import check, least_s, told, whole_box
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.effects import EFFECTS
from emulator.instruments.opu.frames import FRAME_STATES
from emulator.instruments.opu.hidden.states import STATES
from emulator.instruments.opu.memory import memory
from emulator.instruments.opu.opu import Opu, idle_w, opu_plan, recorded_projection
from emulator.instruments.opu.resend import GRABBING, FrameResender
from emulator.instruments.opu.timing import OpuDesign
from emulator.instruments.opu.wire.words import WORDS
from emulator.instruments.retiming import Retiming

__all__ = ["KIND"]

KIND = InstrumentKind(
    name="opu",
    config=OpuConfig,
    commands={Project: "project", ProjectFrames: "project_frames"},
    plan=opu_plan,
    idle_w=idle_w,
    build=Opu.build,
    counts={"project": "target", "project_frames": "target"},
    retiming=Retiming(
        EFFECTS,
        sender=FrameResender,
        sending=GRABBING,
        cautions=whole_box,
        untold=FRAME_STATES,
    ),
    again=recorded_projection,
    frame_terms=frame_terms,
    sized=lambda sizes, shows: OpuDesign(sizes[0], sizes[1], shows),
    told=told,
    check=check,
    least_s=least_s,
    memory=memory,
    disturbs=STATES,
    hidden=lambda unit, state, index: unit.hidden(state, index),
    parts=lambda unit, state: np.arange(unit.outputs if state == "responsivity" else 0),
    words=WORDS,
)
