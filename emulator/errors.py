"""The one tree of errors: each says what, where, the value, what is allowed, and the nearest valid name.

Every class keeps ``args`` equal to its constructor's parameters, because SimPy re-raises a failed process
as ``type(error)(*error.args)``.
"""

import difflib
from collections.abc import Iterable

__all__ = [
    "ClockError",
    "CommandError",
    "ConfigError",
    "DivergedError",
    "InstrumentError",
    "LightloopError",
    "PhysicsError",
    "TaskError",
    "TraceError",
    "WireError",
    "nearest",
]


class LightloopError(Exception):
    """Any failure that Lightloop foresees; the command line prints it on one line and exits with code 2."""


class ConfigError(LightloopError):
    """A configuration value is refused."""


class CommandError(LightloopError):
    """A command cannot be served: unknown kind, heater out of range, wrong shape, not finite."""


class InstrumentError(CommandError):
    """An instrument on a wire has refused a command: which one, in what words, and what it answered."""


class WireError(LightloopError):
    """An instrument on a wire cannot be reached, has gone, or does not answer as its dialect says."""


class ClockError(LightloopError):
    """A delay or an instant is not a non-negative whole number of picoseconds."""


class PhysicsError(LightloopError):
    """A physical parameter or an input to a physics function is outside its domain."""


class DivergedError(LightloopError):
    """A reading or a state is NaN or infinite."""


class TraceError(LightloopError):
    """A trace or a journal is missing, damaged, of an unknown version, or already there."""


class TaskError(LightloopError):
    """A task or its data set is unknown, missing or damaged."""


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Return a hint such as ``"did you mean 'tau_s'?"``, or the empty string when nothing is close."""
    matches = difflib.get_close_matches(name, list(allowed), n=1, cutoff=0.5)
    return f"did you mean '{matches[0]}'?" if matches else ""
