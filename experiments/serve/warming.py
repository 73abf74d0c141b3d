"""Kernels are compiled, or read from their cache, before the first client asks: it may wait for seconds at most."""

from controllers.kind import Setting
from emulator.bench import Bench
from emulator.commands import Controller, Forward, Probe, SetPhases, Settle

__all__ = ["warm_up"]


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
