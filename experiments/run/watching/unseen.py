"""What is watched of a chip elsewhere: nothing, because a look that costs no reading is the emulator's alone."""

from collections.abc import Mapping
from typing import NoReturn

from emulator.bench import Bench
from emulator.errors import ConfigError

__all__ = ["UnseenChip"]


class UnseenChip:
    """Measure nothing: whoever wants to know what such a chip is worth sends samples through it, and pays."""

    def scores(self, bench: Bench) -> NoReturn:
        """Raise ``ConfigError``."""
        raise ConfigError("a chip elsewhere is not watched: every look at it costs a reading")

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
