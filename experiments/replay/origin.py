"""How a trace says that it is a replay, and of what: its header's origin, and its title.

Traces of versions 1 and 2 have two comment lines above their configuration instead.
"""

import re
from typing import Final

from emulator.config.models import digest, to_toml
from emulator.errors import TraceError
from emulator.trace import Header, Origin
from emulator.trace.reading.reader import Trace
from experiments.run.study import Study

__all__ = ["Origin", "origin_of", "refuse_replay", "replay_header", "titled"]

_LINES: Final = re.compile(r'# replay\.mode = "(\w+)"\n# replay\.of = "([0-9a-f]*)"\n')
_MAX_TITLE: Final = 200


def replay_header(study: Study, origin: Origin) -> Header:
    """Return the header of a replay with the parameters of ``study``."""
    return Header.now(to_toml(study), study.seed, digest(study), origin)


def titled(study: Study, mode: str) -> Study:
    """Return ``study`` with a title that names the mode of its replay."""
    return study.model_copy(update={"title": f"{mode} replay: {study.title}"[:_MAX_TITLE]})


def origin_of(trace: Trace) -> Origin | None:
    """Return what ``trace`` replays, or None when it is the record of a run of its own."""
    found = _LINES.match(trace.config_text) if trace.schema_version < 3 else None
    return Origin(found[1], found[2]) if found else trace.origin


def refuse_replay(trace: Trace, mode: str) -> None:
    """Raise ``TraceError`` when ``trace`` is no run of its study's controller, but a replay itself."""
    origin = origin_of(trace)
    if origin is not None:
        raise TraceError(
            f"{trace.path}: this is a {origin.mode} replay of {origin.of[:12]}, and no controller made it: --mode "
            f"{mode} takes the trace of a run"
        )
