"""What is watched where nothing is measured, as of a chip elsewhere: a free look is the emulator's alone."""

from collections.abc import Mapping
from typing import NoReturn

from emulator.bench import Bench
from emulator.errors import ConfigError

__all__ = ["Unmeasured", "UnseenChip"]


class Unmeasured:
    """Stand for what is watched where there is nothing to measure."""

    def scores(self, bench: Bench) -> NoReturn:
        """Refuse: there is nothing to measure."""
        raise NotImplementedError

    def keep(self, bench: Bench) -> None:
        """Keep nothing."""

    def further(self, bench: Bench) -> Mapping[str, float]:
        """Return nothing."""
        del bench
        return {}

    def facts(self, bench: Bench) -> str:
        """Return nothing."""
        del bench
        return ""


class UnseenChip(Unmeasured):
    """Measure nothing: whoever wants to know what such a chip is worth sends samples through it, and pays."""

    def scores(self, bench: Bench) -> NoReturn:
        """Raise ``ConfigError``."""
        raise ConfigError("a chip elsewhere is not watched: every look at it costs a reading")
