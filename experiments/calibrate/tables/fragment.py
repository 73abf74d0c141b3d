"""A fitted preset as TOML: numbers for a preset file of one's own, each with what it was."""

from itertools import groupby
from pathlib import Path

from emulator.errors import ConfigError
from experiments.calibrate.snippet import printable
from experiments.calibrate.tables.fitting import PresetFit, PresetNumber
from experiments.output.files import new_file

__all__ = ["fragment", "write_fragment"]


def fragment(found: PresetFit) -> str:
    """Return the fitted numbers of ``found`` as TOML, below the section of its kind, for ``--with``."""
    kind = found.preset.partition("/")[0]
    name = printable(Path(found.measured).name)
    lines = [
        f"# preset {found.preset}, fitted to {found.fitted_calls} calls of {name}",
        f"# (digest {found.measured_digest});",
        f"# mean absolute error of {found.held_out} others: {100 * found.mape_before:.3g} % before, "
        f"{100 * found.mape_after:.3g} % after",
    ]
    fitted = [one for one in found.numbers if one.fitted is not None]
    for section, numbers in groupby(sorted(fitted, key=_section), key=_section):
        lines += ["", f"[{kind}{section and f'.{section}'}]", *map(_line, numbers)]
    return "\n".join(lines) + "\n"


def write_fragment(found: PresetFit, read: list[Path], out: Path, force: bool = False) -> None:
    """Write the fragment of ``found`` to ``out``; a file that lies there is replaced only with ``force``.

    Raises ``ConfigError`` where it is no fit, or ``out`` is one of ``read`` or cannot be written.
    """
    if found.no_fit:
        raise ConfigError(f"{out}: not written: {found.no_fit}")
    with new_file(out, force, read) as part:
        part.write_text(fragment(found), encoding="utf-8")


def _section(one: PresetNumber) -> str:
    return one.path.rpartition(".")[0]


def _line(one: PresetNumber) -> str:
    was = "not given" if one.recorded is None else f"{one.recorded:.6g}"
    return f"{one.path.rpartition('.')[2]} = {float(f'{one.fitted:.6g}')!r}  # was {was}"
