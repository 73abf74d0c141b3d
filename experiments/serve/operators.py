"""Who plays the world of a served bench: operators at a control port, and the faults that they start."""

import secrets
import tomllib
from collections.abc import Callable
from typing import Any, Final

from emulator.bench import Bench
from emulator.config.models import StrictModel, build, many_of
from emulator.errors import ConfigError
from emulator.remote.control.control import Control
from emulator.remote.control.words import MOST_FAULT
from emulator.remote.server.service import Service
from experiments.agents.registry import AGENTS
from experiments.run.bench import late_entries

__all__ = ["control_of", "new_token"]

_TOKEN_BYTES: Final = 16  # 128 bits: nobody guesses them over a wire


class _Faults(StrictModel):
    agents: many_of([kind.options for kind in AGENTS.values()])  # type: ignore[valid-type]


def new_token() -> str:
    """Return a token that nobody can know; no part of a run depends on it."""
    return secrets.token_hex(_TOKEN_BYTES)


def control_of(service: Service, bench: Bench, seed: int, token: str) -> Control:
    """Return the control of ``service``; faults that leave something to chance draw it from ``seed``."""
    return Control(service, token, start_fault=_starter(bench, seed))


def _starter(bench: Bench, seed: int) -> Callable[[str], str]:
    started = 0

    def start(text: str) -> str:
        nonlocal started
        options = _options_in(text)
        entries = late_entries(options, f"operator{started}", seed, bench)
        started += 1
        for name, entry in entries.items():
            bench.admit(name, AGENTS[entry.kind].start(entry))
        return ",".join(entries)

    return start


def _options_in(text: str) -> Any:
    """Return the options of the agent whose keys ``text`` holds, as an inline table of TOML does."""
    if len(text) > MOST_FAULT or not text.isprintable():
        raise ConfigError(
            f"a fault of {len(text)} characters is refused; allowed: {MOST_FAULT}, all printable"
        )
    try:
        tree = tomllib.loads(f"agents = [{{{text}}}]")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(
            f"{text[:80]!r} is no TOML ({error}); allowed: kind = 'stuck_heater', ..."
        ) from error
    found: tuple[Any, ...] = build(_Faults, tree, "FAULt?").agents
    if len(found) != 1:
        raise ConfigError(f"{len(found)} faults at once; allowed: one")
    return found[0]
