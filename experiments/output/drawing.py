"""The one door for images: matplotlib as it ships whatever a machine says, and the texts of users as they are.

A trace's title, labels and keys may hold anything; matplotlib reads a pair of dollar signs as mathematics, and the
user's environment and settings may name backends and fonts that are not there. What is drawn follows neither.
"""

import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

from emulator.errors import ConfigError
from experiments.output.files import check_new, new_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "BLUE",
    "COLOURS",
    "GREEN",
    "GREY",
    "INK",
    "ORANGE",
    "PINK",
    "SKY",
    "STYLE",
    "SUFFIXES",
    "check_image",
    "drawing",
    "keep_apart",
    "plain",
    "title_lines",
    "write_image",
]

# The palette of Okabe and Ito (2008): its colours stay apart in every common kind of colour blindness.
BLUE, ORANGE, GREEN, PINK, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9"
INK, GREY = "#000000", "#595959"

COLOURS: Final = (BLUE, ORANGE, GREEN, PINK, SKY, INK)
"""In the order in which series take them."""

SUFFIXES: Final = (".png", ".pdf", ".svg")
"""The types of image, by the ends of their names."""

STYLE: Final[Mapping[str, Any]] = {
    "font.size": 9.0,
    "axes.labelsize": 9.0,
    "axes.titlesize": 9.0,
    "legend.fontsize": 8.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.4,
    "savefig.dpi": 200,
    "svg.hashsalt": "lightloop",
}
"""The look that figures share."""

_UNDATED: Final[Mapping[str, dict[str, Any]]] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
"""What to say to an image that would hold the moment at which it was written: the same figure is the same bytes."""

_APART: Final = 0.08
"""Room between two columns, as a share of a panel's width: the last number of one and the first of the next."""

_BACKEND: Final = "MPLBACKEND"
_TITLE_WIDTH: Final = 96
_TITLE_LINES: Final = 3
_STRANGE: Final = "\N{REPLACEMENT CHARACTER}"


def plain(text: str) -> str:
    """Return ``text`` so that matplotlib draws its letters, never mathematics; what cannot be seen is marked."""
    seen = "".join(one if one.isprintable() or one == "\n" else _STRANGE for one in text)
    return seen.replace("$", r"\$")


def title_lines(text: str) -> str:
    """Return a user's title as ``plain`` text in lines that fit a figure; one that is far too long is cut."""
    lines = wrap(text, _TITLE_WIDTH, max_lines=_TITLE_LINES, placeholder=" …")
    return plain("\n".join(lines))


def check_image(out: Path, force: bool = False, inputs: Sequence[Path] = ()) -> None:
    """Refuse an image ``out`` before anything is drawn; raises ``ConfigError`` on its type and as ``check_new``."""
    if out.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"{out}: {out.suffix!r} is no image type; allowed: {', '.join(SUFFIXES)}")
    check_new(out, force, inputs)


@contextmanager
def drawing(style: Mapping[str, Any] = STYLE) -> Iterator[None]:
    """Let figures be made and written in the block: by matplotlib's own settings and ``style``, and no others."""
    _import_matplotlib()
    import matplotlib as mpl

    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        mpl.rcdefaults()
        mpl.rcParams.update(dict[Any, Any](style))
        yield


def keep_apart(figure: "Figure") -> None:
    """Leave so much room between the columns of ``figure`` that their numbers do not touch."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(wspace=_APART)


def write_image(figure: "Figure", out: Path, force: bool = False, inputs: Sequence[Path] = ()) -> None:
    """Write ``figure`` to ``out``, whole or not at all, inside a block of ``drawing``; raises ``ConfigError``."""
    with new_file(out, force, inputs) as part:
        figure.savefig(part, metadata=_UNDATED.get(out.suffix.lower()))


def _import_matplotlib() -> None:
    """Import matplotlib, which refuses where the environment names a backend of another one; figures use none."""
    asked = None if "matplotlib" in sys.modules else os.environ.pop(_BACKEND, None)
    try:
        import matplotlib as mpl
    finally:
        if asked is not None:
            os.environ[_BACKEND] = asked
    if asked is not None:
        with suppress(ValueError):  # for whoever plots beside us in this process
            mpl.rcParams["backend"] = asked
