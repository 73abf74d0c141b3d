"""Traces made in this process, which is quicker than in a child for hundreds of small ones."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.trace.writing.finalize import finalize


@pytest.fixture(autouse=True, scope="module")
def _convert_here() -> Iterator[None]:
    def convert(journal: Path, out: Path, descriptor: int) -> None:
        del descriptor
        finalize(journal, out)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("emulator.trace.writing.recorder.finalize_in_child", convert)
        yield
