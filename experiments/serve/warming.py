"""What would keep clients waiting is done before the first asks: kernels, and what Python tidies up.

Kernels are compiled, or read from their cache, which takes seconds at most. And Python looks through all objects
that there are now and then: those of torch and numba are so many that nobody is answered for half a second.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from controllers.kind import Setting
from emulator.bench import Bench
from emulator.commands import Controller, Forward, Probe, SetPhases, Settle

__all__ = ["long_lived", "warm_up"]


@contextmanager
def long_lived() -> Iterator[None]:
    """Let no tidying up look through what is there at the beginning, until the end."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def warm_up(bench: Bench, setting: Setting) -> None:
    """Say on a ``bench`` that nobody will use what clients of a chip say; one without a chip has no kernels."""
    if setting.heaters.size:
        bench.run({"first words": _first_words(setting)})


def _first_words(setting: Setting) -> Controller:
    heaters, phases = setting.heaters[:1].tolist(), setting.phases[:1].tolist()
    batch = next(setting.batches(1))
    yield SetPhases(heaters, phases)
    yield Settle()
    yield Forward(batch)
    yield Probe(heaters, phases, batch)
