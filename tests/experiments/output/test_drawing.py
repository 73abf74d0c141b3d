"""Tests of the door for images: they follow neither the machine's settings nor the mathematics in a user's text."""

import os
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.cbook import is_math_text
from matplotlib.figure import Figure

from emulator.errors import ConfigError
from experiments.output.drawing import check_image, drawing, plain, title_lines, write_image

ROOT = Path(__file__).parents[3]

DRAW = """
import sys
from pathlib import Path
from experiments.output.drawing import drawing, write_image
with drawing():
    from matplotlib.figure import Figure
    figure = Figure()
    figure.subplots().plot([1, 2, 3])
    figure.suptitle("a title")
    write_image(figure, Path(sys.argv[1]))
"""


@given(st.text(st.sampled_from("$\\{}_^ab\n")))
def test_no_text_is_mathematics_and_every_letter_of_it_is_drawn(text: str) -> None:
    drawn = plain(text)
    assert not is_math_text(drawn)
    assert drawn.replace(r"\$", "$") == text  # what matplotlib makes of text that is none


def test_what_cannot_be_seen_is_marked_and_long_titles_are_cut() -> None:
    assert plain("a\x00b\x1b[0m") == "a�b�[0m"
    assert title_lines("word " * 500).count("\n") == 2
    assert title_lines("word " * 500).endswith(" …")


def drawn(out: Path, home: Path, **environment: str) -> bytes:
    """Return the image that a process of its own draws in ``home``."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "MPLCONFIGDIR": str(home), **environment}
    done = subprocess.run(
        [sys.executable, "-c", DRAW, str(out)], cwd=home, env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return out.read_bytes()


def test_no_backend_and_no_settings_of_the_machine_change_an_image(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text(
        "text.usetex: True\nfont.size: 30\naxes.grid: False\nfigure.dpi: 7\n"
    )
    foreign = "module://matplotlib_inline.backend_inline"
    image = drawn(tmp_path / "a.png", tmp_path, MPLBACKEND=foreign)
    with drawing():
        figure = Figure()
        figure.subplots().plot([1, 2, 3])
        figure.suptitle("a title")
        write_image(figure, tmp_path / "b.png")
    assert image == (tmp_path / "b.png").read_bytes()


def test_settings_of_whoever_plots_in_the_same_process_are_left_as_they_were() -> None:
    with mpl.rc_context({"font.size": 31.0}):
        with drawing({"font.size": 9.0}):
            assert mpl.rcParams["font.size"] == 9.0
        assert mpl.rcParams["font.size"] == 31.0


def test_other_types_of_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"allowed: \.png, \.pdf, \.svg"):
        check_image(tmp_path / "a.jpg")


@pytest.mark.parametrize("suffix", [".svg", ".pdf"])
def test_an_image_does_not_say_when_it_was_written(suffix: str, tmp_path: Path) -> None:
    with drawing():
        write_image(Figure(), tmp_path / f"a{suffix}")
    written = (tmp_path / f"a{suffix}").read_bytes()
    assert b"CreationDate" not in written
    assert b"dc:date" not in written
