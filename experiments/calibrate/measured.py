"""Measured latencies from a CSV file, and the type of command of a trace that each of them belongs to.

Two forms are read. ``command,latency_s`` names a row of the trace. ``kind,latency_s`` names a kind of command,
and may say more in the columns ``samples`` and ``heaters``; what then still fits several types is taken for the one
that the trace uses most. Latencies are service times, in seconds where they have no unit: without the wait
for the instrument.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.config.amounts import amount, whole
from emulator.errors import ConfigError, nearest
from experiments.calibrate.csv_file import refuse_unknown, rows_of
from experiments.calibrate.model import LatencyModel

__all__ = ["Measured", "read_measured"]

_MAX_BYTES: Final = 256 * 2**20
_KNOWN: Final = ("command", "kind", "latency_s", "samples", "heaters")


@dataclass(frozen=True, eq=False)
class Measured:
    """Measured service times in seconds, (n,), and the type of command of each, (n,)."""

    type_of: NDArray[np.int64]
    latency_s: NDArray[np.float64]

    def only(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "Measured":
        """Return the latencies that ``rows`` select."""
        return Measured(self.type_of[rows], self.latency_s[rows])


def read_measured(path: Path, model: LatencyModel) -> Measured:
    """Read the measured latencies at ``path`` and find the type of each among those of ``model``.

    Raises ``ConfigError`` naming file and line when a line is no such thing, or names a command that the trace
    does not hold.
    """
    finder = _Finder(model)
    types, latencies = [], []
    for line, row in rows_of(path, _MAX_BYTES, _check_columns):
        where = f"{path}: line {line}"
        latencies.append(_latency(row.get("latency_s", ""), where))
        types.append(finder.find(row, where))
    if not types:
        raise ConfigError(f"{path}: it holds no latencies")
    return Measured(np.array(types, dtype=np.int64), np.array(latencies))


def _check_columns(path: Path, names: Sequence[str]) -> None:
    refuse_unknown(path, names, _KNOWN)
    if "latency_s" not in names or ("command" in names) == ("kind" in names) or len(set(names)) != len(names):
        raise ConfigError(
            f"{path}: the columns are {','.join(names)}; allowed: command,latency_s or "
            "kind,latency_s[,samples][,heaters]"
        )


def _latency(text: str, where: str) -> float:
    try:
        seconds = amount(text, "s")
    except ConfigError as error:
        raise ConfigError(f"{where}: latency_s: {error}") from error
    if seconds <= 0:
        raise ConfigError(f"{where}: latency_s {text!r} is not a positive number of seconds")
    return seconds


def _whole(text: str, what: str, where: str) -> int:
    try:
        return whole(text)
    except ConfigError as error:
        raise ConfigError(f"{where}: {what}: {error}") from error


class _Finder:
    """Finds types of command, and remembers what it has found."""

    def __init__(self, model: LatencyModel) -> None:
        self._model = model
        self._kinds = np.array(model.kinds)
        self._found: dict[tuple[str, str, str], int] = {}

    def find(self, row: dict[str, str], where: str) -> int:
        if "command" in row:
            return self._of_command(_whole(row["command"], "command", where), where)
        key = (row["kind"], row.get("heaters", ""), row.get("samples", ""))
        known = self._found.get(key)
        if known is None:
            known = self._found[key] = self._of_kind(*key, where)
        return known

    def _of_command(self, command: int, where: str) -> int:
        count = len(self._model.type_of)
        if not 0 <= command < count:
            raise ConfigError(f"{where}: command {command} is no row of the trace; allowed: 0 to {count - 1}")
        return int(self._model.type_of[command])

    def _of_kind(self, kind: str, heaters: str, samples: str, where: str) -> int:
        fits = self._kinds == kind
        if not fits.any():
            kinds = sorted(set(self._model.kinds))
            raise ConfigError(
                f"{where}: the trace has no {kind!r}; it has {', '.join(kinds)}; {nearest(kind, kinds)}".rstrip(
                    "; "
                )
            )
        for what, text, sizes in (
            ("heaters", heaters, self._model.heaters),
            ("samples", samples, self._model.samples),
        ):
            if not text:
                continue
            of_size = fits & (sizes == _whole(text, what, where))
            if not of_size.any():
                known = ", ".join(map(str, np.unique(sizes[fits & (sizes >= 0)]).tolist())) or "none"
                raise ConfigError(f"{where}: the trace has no {kind} of {text} {what}; sizes it has: {known}")
            fits = of_size
        return int(np.where(fits, self._model.uses, -1).argmax())
