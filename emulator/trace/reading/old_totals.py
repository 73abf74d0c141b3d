"""The bench's totals in traces of versions 1 and 2, which logged them among the numbers."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.trace.schema import MAX_NAMES, TOTALS
from emulator.units import PS_PER_S, s_to_ps

__all__ = ["OldTotals"]

_TOTALS: Final = ("energy_j", "busy_s")
_COMPUTED: Final = ("busy_s", "host.compute")
"""Under which name thoughts were added up, together with a computation of that name."""

_THOUGHT: Final = ("busy_s", "host.think")


class OldTotals:
    """Tell logged numbers, of which each has one of ``names``, from the totals among them.

    ``read`` returns their columns; ``thought_ps`` how long thoughts would have lasted and did last, all together.
    """

    total_names: Final = _TOTALS

    def __init__(
        self,
        names: tuple[str, ...],
        read: Callable[[], list[NDArray[Any]]],
        thought_ps: Callable[[], tuple[int, int]],
    ) -> None:
        self._names = names
        self._read = read
        self._thought_ps = thought_ps

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the numbers that are no totals."""
        return tuple(name for name in self._names if _key(name) is None)

    @cached_property
    def metrics(self) -> list[NDArray[Any]]:
        """The columns of the numbers that are no totals."""
        number = np.full(len(self._names), -1)
        number[[_key(name) is None for name in self._names]] = np.arange(len(self.names))
        name, *rest = self._read()
        kept = number[name] >= 0
        return [number[name[kept]].astype(name.dtype), *(column[kept] for column in rest)]

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The names of which there are totals."""
        found = tuple(dict.fromkeys(part for _, part in self._totals))
        if len(found) > MAX_NAMES["part"]:
            raise TraceError(f"totals: {len(found)} parts; at most {MAX_NAMES['part']} are read")
        return found

    @cached_property
    def totals(self) -> list[NDArray[Any]]:
        """The columns of the totals."""
        rows = [
            (_TOTALS.index(total), self.parts.index(part), value)
            for (total, part), value in self._totals.items()
        ]
        cells: Any = zip(*rows, strict=True) if rows else [()] * len(TOTALS.columns)
        return [
            np.array(cell, dtype=column.dtype) for cell, column in zip(cells, TOTALS.columns, strict=True)
        ]

    @cached_property
    def _totals(self) -> dict[tuple[str, str], float]:
        name, _, _, value = self._read()
        found = {}
        for number, text in enumerate(self._names):
            key, mine = _key(text), np.flatnonzero(name == number)
            if key is not None and len(mine):
                found[key] = float(value[mine[-1]])
        begun_ps, thought_ps = self._thought_ps() if _COMPUTED in found else (0, 0)
        rest_ps = s_to_ps(found.get(_COMPUTED, 0.0)) - begun_ps
        if begun_ps and rest_ps >= 0:
            del found[_COMPUTED]
            found[_THOUGHT] = thought_ps / PS_PER_S
            if rest_ps > 0:
                found[_COMPUTED] = rest_ps / PS_PER_S
        return found


def _key(name: str) -> tuple[str, str] | None:
    total, _, part = name.partition(".")
    return (total, part) if total in _TOTALS and part else None
