"""The words in which a chip is spoken to over a wire: its heaters are channels, numbered from 1."""

from operator import attrgetter
from typing import Any, Final, get_args

import numpy as np
from numpy.typing import NDArray

from emulator.commands import Descent, Forward, Incumbent, Monitor, Probe, Sequence, SetPhases, Settle
from emulator.instruments.chip.chip import Chip
from emulator.instruments.chip.timing import LIGHTS
from emulator.instruments.chip.wire import commands
from emulator.instruments.wire import Given, Look, Note, Said, Taken, Verb, Words

__all__ = ["WORDS"]

_HEATERS: Final = Taken("heaters", "channels", "heaters")
_RADIANS: Final = Taken("radians", "numbers", "phases in radians, one each or one for all")
_POWER: Final = Given("POWer", "number", "what the heaters draw, in watts", attrgetter("power_w"))
_OUTPUTS: Final = Given(
    "OUTPuts",
    "numbers",
    "what the receivers read, sample by sample, in activation units",
    attrgetter("outputs"),
)
_SATURATED: Final = Given(
    "SATurated", "whole", "conversions that hit the end of the range", attrgetter("saturated")
)
_REFERENCE: Final = Given(
    "REFerence",
    "number",
    "the laser's power over what it was when the chip was built",
    attrgetter("reference"),
)


def _counted(name: str, what: str) -> Given:
    return Given(f"{name[:4].upper()}{name[4:]}", "whole", what, attrgetter(name))


def _driven(chip: Chip, said: Said) -> NDArray[np.float64]:
    devices = said.get("heaters", commands.channels(chip))
    return chip.core.driven_phases()[np.asarray(devices, dtype=np.int64)]


def _heaters(chip: Chip, said: Said) -> NDArray[np.int64]:
    del said
    return commands.channels(chip)


def _count(chip: Chip, said: Said) -> int:
    return len(_heaters(chip, said))


def _power_w(chip: Chip, said: Said) -> float:
    del said
    return chip.core.heater_power_w


def _size(chip: Chip, said: Said) -> list[int]:
    del said
    return [chip.core.design.values, chip.core.layers[-1].outputs]


def _inputs(batch: Any) -> NDArray[np.float64]:
    inputs: NDArray[np.float64] = commands.loaded(batch).inputs
    return inputs


_VERBS: Final = (
    Verb(
        "PHASe",
        SetPhases,
        "Drives heaters; the reply comes when the converters are set, and the heat follows.",
        (_HEATERS, _RADIANS),
        (_POWER,),
        commands.phases_set,
        unsettled=Settle,
    ),
    Verb(
        "SETTle",
        Settle,
        "Waits, for the configured settling time if none is given.",
        (Taken("duration", "seconds", "how long", optional=True),),
        (Given("DURation", "seconds", "how long it has waited", attrgetter("duration_ps")),),
        commands.settle,
    ),
    Verb(
        "READ",
        Forward,
        "Sends what is on the inputs through all layers: one query.",
        (),
        (_OUTPUTS, _SATURATED, _POWER, _REFERENCE),
        commands.forward,
    ),
    Verb(
        "PROBe",
        Probe,
        "Drives heaters, settles and reads in one go: one query.",
        (_HEATERS, _RADIANS),
        (_OUTPUTS, _SATURATED, _POWER, _REFERENCE),
        commands.probe,
    ),
    Verb(
        "SEQuence",
        Sequence,
        "Has the chip's own sequencer make many probes; with a rule it decides after each where its heater stays.",
        (
            Taken("width", "whole", "heaters of a probe"),
            Taken("channels", "numbers", "channels, probe by probe, as a block"),
            Taken("radians", "numbers", "phases, probe by probe"),
            Taken(
                "rule",
                "choice",
                "how it decides",
                optional=True,
                choices=get_args(Descent.__annotations__["rule"]),
            ),
            Taken("back", "numbers", "phases of the steps back", optional=True),
            Taken("home", "numbers", "phases before", optional=True),
            Taken("keep_home", "numbers", "1 where nobody goes back, else 0", optional=True),
            Taken("queries", "whole", "readings at most", optional=True),
        ),
        (
            Given(
                "OUTPuts", "numbers", "outputs of all probes, if it decides nothing", attrgetter("outputs")
            ),
            Given(
                "RADians",
                "numbers",
                "phases in which heaters were left, if it decides",
                attrgetter("radians"),
            ),
            Given("LOSS", "number", "the loss at the end, if it decides", attrgetter("loss")),
            _counted("readings", "readings made"),
            _counted("accepted", "visits that found a lower loss"),
            _counted("tied", "comparisons of equal losses"),
            _counted("pruned", "probes that returned home at once"),
            _POWER,
        ),
        commands.sequence,
    ),
    Verb(
        "MONitor",
        Monitor,
        "Passes light and reads the monitors at the heaters: one query.",
        (
            Taken("light", "choice", "which light passes", choices=tuple(LIGHTS)),
            Taken("errors", "numbers", "derivatives of a loss by the outputs, for ADJoint", optional=True),
        ),
        (
            Given("INTensities", "numbers", "mean intensity at each channel", attrgetter("intensities")),
            _OUTPUTS,
            Given("WORTh", "numbers", "what a unit of intensity means at each channel", attrgetter("worth")),
            _SATURATED,
            _POWER,
        ),
        commands.monitor,
    ),
    Verb(
        "INCumbent",
        Incumbent,
        "Names the phases at which a search would end now; whoever watches judges the chip at them.",
        (_HEATERS, _RADIANS),
        (),
        commands.incumbent,
    ),
)

WORDS = Words(
    root="CHIP",
    verbs=_VERBS,
    notes=(
        Note(
            commands.BATCH,
            "INPut",
            "Puts samples on this client's inputs; they are brought to the chip by its next reading.",
            (
                Taken("inputs", "numbers", "values, sample by sample, in activation units"),
                Taken("key", "whole", "what the trace calls them", optional=True),
                Taken(
                    "labels", "numbers", "their classes, or values, for a rule to decide by", optional=True
                ),
                Taken("rows", "numbers", "their rows in the training set, for the trace", optional=True),
            ),
            Given("", "numbers", "what this client has on the inputs", _inputs),
            commands.batch_of,
        ),
    ),
    looks=(
        Look("HEATers", "numbers", "device of each channel", _heaters),
        Look("HEATers:COUNt", "whole", "number of channels", _count),
        Look(
            "PHASe",
            "numbers",
            "phases that the converters drive, in radians",
            _driven,
            (Taken("heaters", "channels", "heaters", optional=True),),
        ),
        Look("POWer", "number", "what the heaters draw, in watts", _power_w),
        Look("SIZE", "numbers", "values of a sample, and outputs", _size),
    ),
    channels=commands.channels,
    reset=commands.reset,
    driven=commands.driven,
)
