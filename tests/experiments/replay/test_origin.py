"""A replay says what it is a replay of, in a field of its own; older ones said so in comments."""

from pathlib import Path

import pytest

from emulator.errors import TraceError
from emulator.trace import Header, Origin, Recorder
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import Trace
from experiments.replay.origin import origin_of, refuse_replay

COMMENTS = '# replay.mode = "timed"\n# replay.of = "ab12"\ntitle = "old"\n'


def recorded(out: Path, header: Header) -> Trace:
    Recorder.create(out, header).close("complete", "", 0, 0)
    return open_trace(out)


def test_a_replay_names_its_mode_and_the_trace_it_replays(tmp_path: Path) -> None:
    origin = Origin("closed", "0f" * 16)
    with recorded(tmp_path / "run.h5", Header.now("", 0, origin=origin)) as trace:
        assert origin_of(trace) == origin
        with pytest.raises(TraceError, match="a closed replay of 0f0f0f0f0f0f, and no controller made it"):
            refuse_replay(trace, "rerun")


def test_comments_are_the_origin_of_older_traces_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with recorded(tmp_path / "run.h5", Header.now(COMMENTS, 0)) as trace:
        assert origin_of(trace) is None
        refuse_replay(trace, "rerun")
        monkeypatch.setattr(Trace, "schema_version", 2)
        assert origin_of(trace) == ("timed", "ab12")
