"""How a journal becomes a trace: in the process of the test, or in a child as in every run; no test lives here."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emulator.errors import LightloopError, TraceError
from emulator.trace.writing import recorder, recover
from emulator.trace.writing.finalize import finalize

_IN_CHILD = recover.finalize_in_child


def _finalize_here(journal: Path, out: Path, descriptor: int) -> None:
    """Do what the child does, and fail as its parent does; nobody waits for the disk, as no test outlives it."""
    del descriptor
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "fsync", lambda _: None)
            finalize(journal, out)
    except (LightloopError, OSError, RuntimeError, ValueError, KeyError) as error:
        recover.part_path(out).unlink(missing_ok=True)
        raise TraceError(
            f"{out}: the conversion failed (74): {type(error).__name__}: {error}; everything is safe in {journal}"
        ) from error


@contextmanager
def convert_here() -> Iterator[None]:
    """Convert in this process for a while."""
    with _converting_by(_finalize_here):
        yield


@contextmanager
def convert_in_child() -> Iterator[None]:
    """Convert in a child process for a while."""
    with _converting_by(_IN_CHILD):
        yield


@contextmanager
def _converting_by(convert: object) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (recorder, recover):
            patch.setattr(module, "finalize_in_child", convert)
        yield
