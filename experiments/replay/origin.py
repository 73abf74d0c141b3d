"""How a trace says that it is a replay, and of what: two comment lines above its configuration, and its title."""

import re
from typing import Final, NamedTuple

from emulator.config.models import digest, to_toml
from emulator.errors import TraceError
from emulator.trace import Header
from emulator.trace.reading.reader import Trace
from experiments.run.study import Study

__all__ = ["Origin", "origin_of", "refuse_replay", "replay_header", "titled"]

_LINES: Final = re.compile(r'# replay\.mode = "(\w+)"\n# replay\.of = "([0-9a-f]*)"\n')
_MAX_TITLE: Final = 200


class Origin(NamedTuple):
    """Say in which mode a trace was made, and the digest of the trace that it replays."""

    mode: str
    of: str


def replay_header(study: Study, origin: Origin) -> Header:
    """Return the header of a replay with the parameters of ``study``; its text is a study all the same."""
    lines = f'# replay.mode = "{origin.mode}"\n# replay.of = "{origin.of}"\n'
    return Header.now(lines + to_toml(study), study.seed, digest(study))


def titled(study: Study, mode: str) -> Study:
    """Return ``study`` with a title that names the mode of its replay."""
    return study.model_copy(update={"title": f"{mode} replay: {study.title}"[:_MAX_TITLE]})


def origin_of(trace: Trace) -> Origin | None:
    """Return what ``trace`` replays, or None when it is the record of a run of its own."""
    found = _LINES.match(trace.config_text)
    return Origin(found[1], found[2]) if found else None


def refuse_replay(trace: Trace, mode: str) -> None:
    """Raise ``TraceError`` when ``trace`` is no run of its study's controller, but a replay itself."""
    origin = origin_of(trace)
    if origin is not None:
        raise TraceError(
            f"{trace.path}: this is a {origin.mode} replay of {origin.of[:12]}, and no controller made it: --mode "
            f"{mode} takes the trace of a run"
        )
