"""What all populations have in common: their options, and how an optimiser of somebody else becomes a program.

What this module does not know: which optimisers there are, and when their packages are imported.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from controllers.ask_tell import ask_tell
from controllers.kind import DEPLOYMENT, BatchSize, Program, QueryOptions, Setting
from emulator.errors import ConfigError

__all__ = ["NEEDS", "Population", "PopulationOptions", "needed", "program", "seed_of"]

NEEDS: Final = frozenset({"chip", DEPLOYMENT})
"""What a study of a population has to have."""

Population = Annotated[int, Field(ge=4, le=10_000)]
"""Candidates in a generation; fewer than four rank too little to be selected from."""

_VERB: Final = "searching"


class PopulationOptions(QueryOptions):
    """Configure what every population has.

    Its batch is not the one of controllers that draw another for every step: survivors keep the loss they once had.
    """

    batch_size: BatchSize = "all"
    """Samples on which a generation is read; "all" is the training set, on which generations compare."""
    loop: Literal["host", "sequencer"] = "sequencer"
    """Who asks for a generation's readings: the host probe by probe, or the chip's sequencer in one go."""


@contextmanager
def needed(kind: str, package: str) -> Iterator[None]:
    """Import ``package`` within, which the controller ``kind`` needs; ``ConfigError`` where it is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"controller.kind = {kind!r} needs the package {package}: pip install 'lightloop[evolve]'"
        ) from error


def seed_of(kind: str, setting: Setting) -> int:
    """Return what seeds the optimiser of ``kind``, drawn from a stream of its own; such packages want a number."""
    return int(setting.stream(f"controller/{kind}").integers(2**31))


def program(
    options: PopulationOptions,
    setting: Setting,
    make: Callable[[Setting], Any],
    generation: int,
    flops: Callable[[int, int], int],
) -> Program:
    """Return the search by the optimiser that ``make`` makes, whose first ``generation`` has so many candidates.

    The host is charged ``flops(heaters, candidates)`` operations for each generation. Raises ``ConfigError`` for
    fewer queries than one generation takes, and what ``ask_tell`` raises.
    """
    if options.queries < generation:
        raise ConfigError(
            f"controller.queries = {options.queries} is refused with controller.kind = {options.kind!r}: a "
            f"generation takes {generation}; allowed: at least as many"
        )
    search = ask_tell(
        make,
        queries=options.queries,
        batch_size=None if options.batch_size == "all" else options.batch_size,
        loop=options.loop,
        flops=flops,
    )
    return Program(search(setting), options.queries, _VERB)
