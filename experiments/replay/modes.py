"""Replay of a trace in one of three modes; each is a module of its own, and every result names its mode.

``rerun`` runs the embedded configuration again and compares, ``timed`` re-issues the recorded commands at their
recorded times on a bench with other physics, ``closed`` re-times the recorded run without physics.
"""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, Literal, get_args

from emulator.errors import ConfigError, nearest
from experiments.replay.closed import Closed, closed
from experiments.replay.rerun import Rerun, rerun
from experiments.replay.timed import Timed, timed
from experiments.run.launch import check_out
from experiments.run.own.own import Own

__all__ = ["MODES", "Mode", "ReplayResult", "replay"]

Mode = Literal["rerun", "timed", "closed"]
MODES: Final[tuple[str, ...]] = get_args(Mode)

ReplayResult = Rerun | Timed | Closed
"""``experiments.output.json.to_json`` makes one JSON object of it."""

_Run = Callable[[Path, Path, bool, tuple[str, ...]], Rerun | Timed]
_RERUN: Final = "rerun"


def replay(
    path: Path, mode: str, out: Path | None = None, overrides: tuple[str, ...] = (), own: Own | None = None
) -> ReplayResult:
    """Replay the trace at ``path`` in ``mode`` with ``overrides`` such as ``"chip.heaters.omega=0.01"``.

    The new trace goes to ``out``; without it, that of a rerun or a timed replay is made in a temporary folder and
    removed, and that of a closed one not made at all. ``own`` is the controller of a rerun that had one of the
    user's. Raises ``ConfigError`` for an unknown mode or a refused
    override, and ``TraceError`` when ``out`` is there already or the trace cannot be replayed so.
    """
    if mode not in MODES:
        hint = nearest(mode, MODES)
        raise ConfigError(
            f"--mode {mode[:60]!r} is unknown; allowed: {', '.join(MODES)}{hint and f'; {hint}'}"
        )
    if own is not None and mode != _RERUN:
        raise ConfigError(
            f"replay --mode {mode}: --controller {own.name} is refused, since the recorded commands are asked "
            "again and no controller runs; it is for --mode rerun"
        )
    if out is not None:
        check_out(out)
    if mode == "closed":
        return closed(path, out, overrides)
    run: _Run = partial(rerun, own=own) if mode == _RERUN else timed
    if out is not None:
        return run(path, out, True, overrides)
    with tempfile.TemporaryDirectory(prefix="lightloop-") as folder:
        return run(path, Path(folder) / "replay.h5", False, overrides)
