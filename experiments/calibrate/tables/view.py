"""A fitted preset as tables for a terminal; it computes nothing."""

from rich.console import Console

from experiments.calibrate.tables.fitting import LONG_S, PresetFit, PresetNumber
from experiments.output.tables import table_of
from experiments.output.terminal import show

__all__ = ["show_preset_fit"]


def show_preset_fit(found: PresetFit, console: Console) -> None:
    """Print the numbers of ``found`` as they were and as fitted, and its errors."""
    rows = [(one.path, _text(one.recorded), _fitted(one)) for one in found.numbers]
    notes = [f"{found.fitted_calls} calls of {found.measured} were fitted, {found.held_out} others judged"]
    if found.left_out:
        notes.append(f"{found.left_out} rows tell too little, or a mode that no preset has, and are left out")
    if found.power_calls:
        notes.append(f"power: mean of {found.power_calls} calls of 0.1 s or more")
    show(table_of(f"Preset {found.preset}", ("", "recorded", "fitted"), rows, notes), console)
    judged = [("all", found.held_out, _percent(found.mape_before), _percent(found.mape_after))]
    if found.long_mape_before is not None and found.long_mape_after is not None:
        longer = (f"longer than {1e3 * LONG_S:g} ms", found.long_held_out)
        judged.append((*longer, _percent(found.long_mape_before), _percent(found.long_mape_after)))
    title = "Mean absolute error of calls that the fit has not seen (%)"
    show(table_of(title, ("calls", "n", "before", "after"), judged), console)


def _text(value: float | None) -> str:
    return "not given" if value is None else f"{value:.6g}"


def _fitted(one: PresetNumber) -> str:
    return "as recorded" if one.fitted is None else f"{one.fitted:.6g}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g}"
