"""A calibration as TOML: a fragment for ``--with``, or a preset file, without the first word of its sections."""

from itertools import groupby
from pathlib import Path

from emulator.errors import ConfigError
from emulator.trace.open import open_trace
from experiments.calibrate.calibration import Calibration, Fitted
from experiments.output.files import new_file
from experiments.run.study import study_from_text

__all__ = ["printable", "snippet", "write_snippet"]


def snippet(found: Calibration) -> str:
    """Return the fitted numbers of ``found`` as TOML; each line says what it was and how well it is known."""
    lines = [
        f"# calibrated from {printable(Path(found.measured).name)}, n = {found.latencies},",
        f"# {found.stalls} more left out as stalls; digests: {found.measured_digest} of the latencies,",
        f"# {found.trace_digest} of the trace {printable(Path(found.trace).name)}; mean absolute error of",
        f"# {found.held_out} held-out latencies: {100 * found.before.mape.value:.3g} % before, "
        f"{100 * found.after.mape.value:.3g} % after",
    ]
    if found.held:
        lines.append(f"# held as recorded: {', '.join(found.held)}")
    lines += [
        f"# only appear together, in {group.combinations} measured sum(s): {', '.join(group.paths)}"
        for group in found.confounded
    ]
    lines += [f"# not determined, so as recorded: {path}" for path in found.undetermined]
    for section, fitted in groupby(sorted(found.parameters, key=_place), key=_section):
        lines += ["", f"[{section}]", *(_line(one) for one in fitted)]
    return "\n".join(lines) + "\n"


def write_snippet(found: Calibration, out: Path, force: bool = False) -> None:
    """Write the snippet of ``found`` to ``out``; an existing file is replaced only with ``force``.

    Raises ``ConfigError`` when it is no fit, when the study refuses a fitted value, or ``out`` cannot be written.
    """
    if found.no_fit:
        raise ConfigError(f"{out}: not written: {found.no_fit}")
    text = snippet(found)
    fitted = tuple(f"{one.path}={one.value!r}" for one in found.parameters if one.value is not None)
    with open_trace(Path(found.trace)) as trace:
        study_from_text(trace.config_text, f"{found.trace} with the fitted values", fitted)
    with new_file(out, force, [Path(found.trace), Path(found.measured)]) as part:
        part.write_text(text, encoding="utf-8")


def _place(fitted: Fitted) -> tuple[str, str]:
    return _section(fitted), fitted.path


def _section(fitted: Fitted) -> str:
    return fitted.path.rpartition(".")[0]


def _line(fitted: Fitted) -> str:
    name = fitted.path.rpartition(".")[2]
    if fitted.value is None:
        return f"# {name}: so fast that it cannot be told; was {fitted.recorded:.6g}"
    known = f"95 %: {fitted.low:.4g} to {'inf' if fitted.high is None else f'{fitted.high:.4g}'}"
    return (
        f"{name} = {float(f'{fitted.value:.6g}')!r}  # was {fitted.recorded:.6g}; "
        f"{known if fitted.alone else 'not measured alone'}"
    )


def printable(name: str) -> str:
    """Return the ``name`` of a file with a mark for what a comment cannot hold."""
    return "".join(sign if sign.isprintable() else "?" for sign in name)
