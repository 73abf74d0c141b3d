"""What the house needs to know of the chip."""

from emulator.commands import Forward, Monitor, Probe, Sequence, SetPhases, Settle
from emulator.instruments.chip.channels import check, idle_w, told, with_totals_moved
from emulator.instruments.chip.chip import Chip
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.chip.hidden.states import STATES
from emulator.instruments.chip.memory import memory
from emulator.instruments.chip.retimed import RETIMING, again
from emulator.instruments.chip.settling import unsettled
from emulator.instruments.chip.timing import MONITOR, chip_plan
from emulator.instruments.chip.wire.words import WORDS
from emulator.instruments.instrument import InstrumentKind

__all__ = ["KIND"]

KIND = InstrumentKind(
    name="chip",
    config=ChipConfig,
    commands={
        SetPhases: "set_phases",
        Settle: "settle",
        Forward: "forward",
        Probe: "probe",
        Sequence: "probe",
        Monitor: MONITOR,
    },
    plan=chip_plan,
    idle_w=idle_w,
    build=Chip.build,
    counts={"forward": "", "probe": "", MONITOR: ""},
    retiming=RETIMING,
    again=again,
    told=told,
    check=check,
    cautions=unsettled,
    moved=with_totals_moved,
    memory=memory,
    named="incumbent",
    disturbs=STATES,
    parts=lambda chip, state: chip.core.hidden.parts(state),
    hidden=lambda chip, state, index: chip.core.hidden.value(state, index),
    deaf=frozenset({"channel"}),
    words=WORDS,
)
