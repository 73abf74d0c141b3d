"""The recorder that records nothing keeps step with the one that does."""

import inspect

from emulator.plan import Step
from emulator.trace import NO_PLAN, NullRecorder, Recorder


def test_the_null_recorder_has_the_same_methods() -> None:
    for name, method in inspect.getmembers(Recorder, inspect.isfunction):
        if not name.startswith("_"):
            assert inspect.signature(getattr(NullRecorder, name)) == inspect.signature(method), name


def test_the_null_recorder_counts_rows_and_records_nothing() -> None:
    recorder = NullRecorder()
    assert [recorder.command(0, 0, 0, 0, -1, 0, 0, 0, 0, 0.0, 0.0) for _ in range(3)] == [0, 1, 2]
    assert recorder.plan([Step("link", "transfer", 1)]) == NO_PLAN
    assert recorder.label("commands.agent", "x") == 0
