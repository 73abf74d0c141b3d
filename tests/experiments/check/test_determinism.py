"""Tests that one study has one digest, whatever process it runs in."""

from pathlib import Path

import pytest

from emulator.errors import TaskError
from experiments.check.determinism import SURROUNDINGS, Surroundings, repeat, run_determinism, vowel_study


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("in_room", "small_trace")  # the room's cache then holds the network
def test_hash_seeds_and_threads_give_one_digest(tmp_path: Path) -> None:
    around = tuple(Surroundings(*pair, trains=False) for pair in (("0", 1), ("random", 2)))
    found = repeat(vowel_study(300), around, tmp_path, jobs=2)
    assert [one.around for one in found] == list(around)
    assert len({one.digest for one in found}) == 1


def test_another_seed_has_another_digest_and_surroundings_differ_in_everything() -> None:
    assert vowel_study(10, seed=1) != vowel_study(10, seed=0)
    assert {one.hash_seed for one in SURROUNDINGS} == {"0", "1", "random"}
    assert {(one.threads, one.trains) for one in SURROUNDINGS} == {
        (1, True),
        (2, True),
        (1, False),
        (2, False),
    }


def test_a_process_that_fails_is_reported_with_its_last_line(tmp_path: Path) -> None:
    study = vowel_study(10)
    mesh = study.chip.mesh.model_copy(update={"sigma_max": -1.0})  # refused by the process, not here
    bad = study.model_copy(update={"chip": study.chip.model_copy(update={"mesh": mesh})})
    with pytest.raises(TaskError, match=r"exit code 2.*sigma_max"):
        repeat(bad, SURROUNDINGS[:1], tmp_path, jobs=1)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("in_room")
def test_the_whole_check_passes(tmp_path: Path) -> None:
    run_determinism(tmp_path, seeds=1, queries=2000, jobs=2)
    assert "1 digest(s)" in (tmp_path / "determinism" / "determinism.md").read_text()
