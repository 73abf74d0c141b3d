"""Only a run that ended by itself passes without a note."""

from emulator.trace.schema import STATUSES
from experiments.output.fragment import WHOLE, fragment_note


def test_every_run_that_was_cut_off_is_called_a_fragment() -> None:
    for status in STATUSES:
        note = fragment_note(status, 0.0032)
        assert (note == "") is (status in WHOLE)
        assert note == "" or note.startswith("a fragment, not a whole study")
    assert "(killed) after 3.2 ms" in fragment_note("killed", 0.0032)
