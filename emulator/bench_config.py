"""What can be configured about the run around the instruments: limits, recording, and how time passes."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from emulator.config.models import Joules, PositiveInt, Seconds, StrictModel, Watts

__all__ = ["BudgetConfig", "ClockConfig", "TraceConfig"]


def _one_is_a_list(value: object) -> object:
    """Take ``--set budget.components=chip`` for a list of one."""
    return (value,) if isinstance(value, str) else value


class BudgetConfig(StrictModel):
    """Limit a run; a limit that is not given does not exist."""

    energy_j: Annotated[Joules, Field(gt=0)] | None = None
    """Total energy, in joules, > 0."""
    peak_power_w: Annotated[Watts, Field(gt=0)] | None = None
    """Power at any instant, in watts, > 0."""
    components: Annotated[tuple[str, ...], BeforeValidator(_one_is_a_list)] = ()
    """What ``energy_j`` and ``peak_power_w`` count: components such as ``"chip.heaters"``, or instruments such as
    ``"chip"`` with all of theirs; none named is all."""
    time_s: Annotated[Seconds, Field(gt=0, le=9e6)] | None = None
    """Emulated time, in seconds, (0, 9e6]: a trace keeps 64-bit picoseconds, which end at 106 days."""
    queries: PositiveInt | None = None
    """Forward readings, >= 1."""
    commands: PositiveInt | None = None
    """Commands of all agents, those that take no time among them, >= 1."""
    commands_at_once: PositiveInt = 100_000
    """Commands of all agents between which no time passes, >= 1: whoever asks more of them never ends."""


class TraceConfig(StrictModel):
    """Choose how much of a run is recorded."""

    detail: Literal["full", "commands", "summary"] = "commands"
    """``full`` adds the spans inside commands, ``summary`` keeps metrics and totals only."""


class ClockConfig(StrictModel):
    """Choose whether emulated time runs as fast as it can or follows the wall clock."""

    mode: Literal["virtual", "real_time"] = "virtual"
    """``virtual`` never waits; ``real_time`` paces events by the wall clock."""
    factor: Annotated[float, Field(gt=0, le=1e12)] = 1.0
    """Wall seconds per emulated second in ``real_time``, (0, 1e12]."""
