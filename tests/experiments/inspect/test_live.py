"""A run that goes on is inspected as far as it has come, and nobody takes that for the whole of it."""

from pathlib import Path

import pytest

from emulator.trace.writing.recorder import BLOCK_ROWS
from experiments.cli import main
from tests.emulator.trace.writing.test_recover import begun


def test_inspect_and_report_say_that_the_run_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, page = tmp_path / "live.h5", tmp_path / "live.html"
    recorder = begun(out, BLOCK_ROWS)
    try:
        assert main(["inspect", str(out)]) == 0
        said = " ".join(capsys.readouterr().out.split())
        assert "a fragment, not a whole study: its run goes on" in said
        assert main(["inspect", "--json", str(out)]) == 0
        assert '"status": "running"' in capsys.readouterr().out
        assert main(["inspect", "--critical-path", str(out)]) == 0
        assert main(["report", str(out), "-o", str(page)]) == 0
        assert "its run goes on" in page.read_text(encoding="utf-8")
    finally:
        recorder.close("aborted", "", 9 * BLOCK_ROWS + 99, BLOCK_ROWS)
