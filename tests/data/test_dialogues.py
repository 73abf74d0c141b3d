"""Plays and films as text: what is shipped, and the layout of a corpus that is not."""

from pathlib import Path

import pytest

from data.dialogues import FILES, HELD_OUT, folded, load_dialogues, load_movies
from emulator.errors import TaskError
from tests.dialogue_lab import TALKS, write_corpus


def test_the_shipped_plays_are_turns_of_speakers_in_plain_characters() -> None:
    found = load_dialogues()
    assert (len(found.works), set(HELD_OUT) <= {work.name for work in found.works}) == (38, True)
    play = next(work for work in found.works if work.name == "a-midsummer-night-s-dream")
    assert play.text.startswith("THESEUS: Now, fair Hippolyta, our nuptial hour")
    assert all(set(work.text) <= {"\n", *map(chr, range(32, 127))} for work in found.works)
    turns = [line for work in found.works for line in work.text.splitlines() if line]
    assert len(turns) == 31_320
    assert all(": " in line for line in turns)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="cannot be read"):
        load_dialogues(tmp_path)
    (tmp_path / "shakespeare_dialogues.tsv.xz").write_bytes(b"x")
    with pytest.raises(TaskError, match="restore the shipped one"):
        load_dialogues(tmp_path)


def test_text_is_folded_to_ascii_without_loss_of_length_but_for_dashes() -> None:
    assert folded("na\u00efve \u2014 caf\u00e9\t\u20ac\r\n") == "naive -- cafe ?\n"


def test_films_are_read_conversation_by_conversation(tmp_path: Path) -> None:
    found = load_movies(write_corpus(tmp_path))
    assert [work.name for work in found.works] == ["m0", "m1", "m2", "m3", "m4", "m5"]
    assert found.works[0].text.startswith("ANNA: A cafe, 0 steps from here.\nBERT: \n")
    assert found.works[0].text.count("\n\n") == TALKS - 1
    assert load_movies(tmp_path, found.sha256) == found


def test_other_and_odd_files_are_refused_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(
        TaskError, match=r"movie_lines\.txt cannot be read .*allowed: the folder of the Cornell"
    ):
        load_movies(tmp_path)
    lines, talks = (write_corpus(tmp_path) / name for name in FILES)
    with pytest.raises(TaskError, match="other files than the study was made with"):
        load_movies(tmp_path, "0" * 64)
    whole = talks.read_text("iso-8859-1")
    talks.write_text(whole.replace("['L0', 'L1']", "['L0', 'L9999']", 1), "iso-8859-1")
    with pytest.raises(TaskError, match=r"line 1: .* is no list of lines of movie_lines\.txt"):
        load_movies(tmp_path)
    talks.write_text("", "iso-8859-1")
    with pytest.raises(TaskError, match="holds no conversation"):
        load_movies(tmp_path)
    lines.write_text("L1 +++$+++ u0\n", "iso-8859-1")
    with pytest.raises(TaskError, match="line 1: 2 fields, must be 5"):
        load_movies(tmp_path)
