"""What is watched of a run that learns nothing: its energy."""

from collections.abc import Mapping
from typing import Final

from emulator.bench import Bench
from experiments.run.watching.unseen import Unmeasured
from experiments.run.watching.watch import Watch
from experiments.tasks.judges import ACCURACY

__all__ = ["Pacing"]

_NEVER: Final = 2**62


class Pacing(Watch):
    """Measure nothing but what has been drawn, and only when asked."""

    def __init__(self, verb: str) -> None:
        super().__init__(Unmeasured(), ACCURACY, verb, _NEVER)

    def observe(self, bench: Bench) -> Mapping[str, float]:
        """Return the total energy at this instant."""
        return {"energy_j": bench.energy_j}
