"""Tests of the random studies: all controllers come, and one seed is one study."""

from pathlib import Path

from controllers.registry import CONTROLLERS
from emulator.config.models import digest
from emulator.trace.writing.journal import journal_path
from experiments.check.endurance.studies import REFUSALS, draw_study, run_drawn


def test_every_controller_is_drawn_and_a_seed_is_one_study(tmp_path: Path) -> None:
    kinds, refused = set(), 0
    for seed in range(120):
        try:
            study = draw_study(seed, tmp_path, "commands")
        except REFUSALS:
            refused += 1
            continue
        assert digest(study) == digest(draw_study(seed, tmp_path, "commands"))
        kinds.add(study.controller.kind)
    assert kinds == set(CONTROLLERS)
    assert refused < 12


def test_a_drawn_study_leaves_its_journal_and_no_trace_unless_it_converts(tmp_path: Path) -> None:
    for converts in (False, True):
        ran = run_drawn(draw_study(2, tmp_path, "full"), tmp_path / "run.h5", converts)
        assert journal_path(tmp_path / "run.h5").read_bytes() == ran.journal
        assert (tmp_path / "run.h5").exists() == converts
