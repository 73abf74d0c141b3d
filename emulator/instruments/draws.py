"""What components draw for a while, and know beforehand: a camera that is exposed, a link that carries bytes."""

from collections.abc import Callable, Generator
from typing import Any

import simpy

from emulator.clock import Clock
from emulator.instruments.instrument import Draw
from emulator.meter import Meter
from emulator.peak import PeakWatch

__all__ = ["Draws"]


class Draws:
    """Let components draw more for a while; what several commands draw at one instant adds up."""

    def __init__(self, clock: Clock, meter: Meter) -> None:
        self._clock = clock
        self._meter = meter
        self._drawn: dict[int, list[float]] = {}
        self._watch: PeakWatch | None = None

    def watch(self, watch: PeakWatch, rose: Callable[[], None]) -> None:
        """Let ``watch`` know beforehand; ``rose`` is called at each instant at which a draw begins."""
        self._watch = watch
        self._rose = rose

    def add(self, draw: Draw) -> None:
        """Let ``draw`` begin and end at its instants, neither of which is past."""
        if self._watch is not None:
            self._watch.draw(*draw)
        self._clock.process(self._last(draw))

    def _last(self, draw: Draw) -> Generator[simpy.Event, Any, None]:
        clock = self._clock
        drawn = self._drawn.setdefault(draw.handle, [])
        yield clock.timeout(draw.start_ps - clock.now_ps)
        drawn.append(draw.watts)
        self._meter.set(draw.handle, clock.now_ps, sum(drawn))
        if self._watch is not None:
            self._rose()
        yield clock.timeout(draw.end_ps - draw.start_ps)
        drawn.remove(draw.watts)
        self._meter.set(draw.handle, clock.now_ps, sum(drawn))
