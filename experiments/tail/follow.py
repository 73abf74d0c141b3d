"""``lightloop tail``: a line now and then about a run that is being recorded, until it is over.

It reads the run's journal and nothing else; the last line of a finished trace comes from the trace.
"""

import math
import sys
import time
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError
from emulator.trace.live import LiveTrace, News
from emulator.trace.open import open_trace
from emulator.trace.schema import METRICS, POWER
from emulator.trace.writing.journal import journal_path
from emulator.units import format_si, ps_to_s
from experiments.output.measures import MEASURES
from experiments.output.streams.standard import say

__all__ = ["tail_trace"]

_INTERRUPTED = 130
_SHORTEST_S, _LONGEST_S = 0.05, 3600.0
_PARTS = ("test", "val", "train")
_LOSSES = ("val_loss", "train_loss", "loss")


def tail_trace(
    path: Path,
    once: bool = False,
    interval_s: float = 1.0,
    say: Callable[[str], object] | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> int:
    """Say a line about the run that writes ``path`` every ``interval_s`` until it is over; return the exit code.

    A run that has not begun is waited for, since its preparations may take minutes. ``once`` says one line only.
    Ctrl-C ends the tail, not the run. Raises ``ConfigError`` when ``interval_s`` is out of range, and
    ``TraceError`` when there is no run and ``once`` forbids to wait, or what is there is damaged.
    """
    if not _SHORTEST_S <= interval_s <= _LONGEST_S:
        raise ConfigError(f"tail: interval {interval_s:g} s is not in [{_SHORTEST_S:g}, {_LONGEST_S:g}] s")
    tell = say or _print
    try:
        if not (once or _is_there(path)):
            tell(f"no run has begun at {path}; waiting for one (Ctrl-C to leave)")
            while not _is_there(path):
                wait(interval_s)
        with LiveTrace(path) as live:
            _follow(live, once, interval_s, tell, wait)
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


def _is_there(path: Path) -> bool:
    return path.exists() or journal_path(path).exists()


def _print(line: str) -> None:
    say(f"{line}\n")
    sys.stdout.flush()  # a pipe shall see it now, too


def _follow(
    live: LiveTrace,
    once: bool,
    interval_s: float,
    say: Callable[[str], object],
    wait: Callable[[float], None],
) -> None:
    gauges, looked_s = _Gauges(), math.nan
    for news in live:
        now_s = time.monotonic()
        if live.begun:
            gauges.take(live, news)
            rate = news.count / (now_s - looked_s) if now_s > looked_s else math.nan
            said = "" if news.phase != "recording" or math.isnan(rate) else f"  {rate:,.0f} rows/s"
            say(f"{_state(news)}  {gauges.line(live.ending.elapsed_ps, live.ending.queries)}{said}")
        elif news.phase == "over":
            say(f"{news.status}  {_final(live.path)}")
        else:
            say("the run has not begun")
        if once:
            return
        looked_s = now_s
        if news.phase != "over":
            wait(interval_s)


def _state(news: News) -> str:
    return news.status if news.phase == "over" else news.phase


def _final(path: Path) -> str:
    gauges = _Gauges()
    with open_trace(path) as trace:
        rows, power = trace.metric_rows, trace.power
        gauges.log(trace.labels("metrics.name"), rows.name, rows.value)
        gauges.draw(power.component, power.watts)
        return gauges.line(trace.elapsed_ps, trace.queries)


class _Gauges:
    """The last value of every metric and the present power of every component."""

    def __init__(self) -> None:
        self._values: dict[str, float] = {}
        self._watts: dict[int, float] = {}

    def take(self, live: LiveTrace, news: News) -> None:
        metrics, power = news.rows(METRICS), news.rows(POWER)
        self.log(live.names("metric"), metrics["name"], metrics["value"])
        self.draw(power["component"], power["watts"])

    def log(self, names: Sequence[str], codes: NDArray[Any], values: NDArray[np.float64]) -> None:
        for code, value in _last(codes, values):
            self._values[names[code]] = value

    def draw(self, components: NDArray[Any], watts: NDArray[np.float64]) -> None:
        for component, power_w in _last(components, watts):
            self._watts[component] = power_w

    def line(self, elapsed_ps: int, queries: int) -> str:
        parts = [format_si(ps_to_s(elapsed_ps), "s"), f"{queries:,} queries"]
        parts += self._judged()
        loss = next((name for name in _LOSSES if name in self._values), None)
        if loss is not None:
            parts.append(f"{loss} {self._values[loss]:.4g}")
        if self._watts:
            parts.append(format_si(math.fsum(self._watts.values()), "W"))
        return "  ".join(parts)

    def _judged(self) -> list[str]:
        """Return what the run is judged by, of the first part of the data that it logged; [] where it did not."""
        for part, measure in product(_PARTS, MEASURES):
            value = self._values.get(f"{part}_{measure.name}")
            if value is not None:
                return [f"{part} {'' if measure.is_share else f'{measure.short} '}{measure.text(value)}"]
        return []


def _last(keys: NDArray[Any], values: NDArray[np.float64]) -> list[tuple[int, float]]:
    """Return the value of the last row of each key."""
    found, at = np.unique(keys[::-1], return_index=True)
    return list(zip(found.tolist(), values[::-1][at].tolist(), strict=True))
