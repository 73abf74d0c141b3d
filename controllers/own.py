"""The kind of a controller that comes from outside: its section says what ran, and never where to find it.

The registry does not list it, since no study may choose it: whoever runs a study names the file beside it. It works
where the controller that it replaces would have worked, and has that one's sections, sizes and measure.
"""

from dataclasses import replace
from functools import cache, partial
from typing import Literal

from controllers.kind import BatchSize, Kind, Options, Program, Setting
from controllers.registry import CONTROLLERS, DEFAULT
from emulator.commands import Controller
from emulator.config.models import PositiveInt
from emulator.errors import ConfigError

__all__ = ["OWN", "SHARED", "OwnOptions", "own_kind", "refusal"]

OWN = "own"
"""What a trace calls the kind of a controller of one's own."""

SHARED = ("queries", "batch_size")
"""Keys that such a controller has in common with those that come with Lightloop."""


class OwnOptions(Options):
    """Say which controller of one's own a run had; the run writes it, and nobody chooses by it."""

    kind: Literal["own"] = "own"
    """Which controller this section describes."""
    name: str = ""
    """File and function, ``spsa.py:spsa``, or what an installed package calls it."""
    source: str = ""
    """BLAKE2b digest of the file, 32 hexadecimal digits; empty where there was none."""
    in_place_of: str = DEFAULT
    """Kind of the controller that the study itself has."""
    queries: PositiveInt | None = None
    """Queries after which the run ends; they are a budget of the run."""
    batch_size: BatchSize = 32
    """Samples in a mini-batch of ``setting.batches``, or "all" of the training set."""
    arguments: tuple[str, ...] = ()
    """What the function was given besides the setting, as ``--set controller.NAME=value`` has it."""


def refusal(options: OwnOptions) -> ConfigError:
    """Return the error that tells how a run of ``options`` is begun."""
    return ConfigError(
        f"controller.kind = 'own': this ran {options.name or 'a controller of its own'}, and no study or trace "
        "brings a program along; name it on the command line: --controller FILE.py:NAME"
    )


@cache
def own_kind(in_place_of: str) -> Kind:
    """Return the kind that takes the place of the registered one called ``in_place_of``."""
    theirs = CONTROLLERS[in_place_of]
    return Kind(
        OWN,
        OwnOptions,
        theirs.needs,
        partial(_start, theirs),
        partial(_unused, theirs),
        fits=theirs.fits,
    )


def _unused(theirs: Kind, options: OwnOptions) -> frozenset[str]:
    return theirs.unused(_options(theirs, options))


def _options(theirs: Kind, options: OwnOptions) -> Options:
    """Return the options of ``theirs`` that stood here: its sizes may follow from the batch, never from queries."""
    fits = "batch_size" in theirs.options.model_fields and options.batch_size != "all"
    return theirs.options.model_validate({"batch_size": options.batch_size} if fits else {})


def _start(theirs: Kind, options: OwnOptions, setting: Setting) -> Program:
    """Return the program of ``theirs`` with a controller that only tells how a run of it is begun."""

    def absent() -> Controller:
        raise refusal(options)
        yield

    program = theirs.start(_options(theirs, options), setting)
    queries = program.queries if options.queries is None else options.queries
    return replace(program, controller=absent(), queries=queries, shows={}, mark=None)
