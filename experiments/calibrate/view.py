"""A calibration as tables for a terminal; it computes nothing."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from emulator.units import format_si
from experiments.calibrate.calibration import Accuracy, Calibration, Estimate, Fitted
from experiments.output.terminal import titled_table

__all__ = ["show_calibration"]

_JUDGED = ("mape", "bias", "p50", "p90", "p99")


def show_calibration(found: Calibration, console: Console) -> None:
    """Print the fitted numbers, what cannot be told apart, and the errors before and after."""
    left = f", {found.left_out} of commands that nothing explains left out" if found.left_out else ""
    console.print(Text(f"{found.latencies:,} latencies from {found.measured}{left}", "bold"))
    if found.held:
        console.print(Text(f"held as recorded: {', '.join(found.held)}"))
    console.print(_parameters(found))
    for group in found.confounded:
        together = f"{', '.join(group.paths)}: these {len(group.paths)} only appear together"
        advice = "beyond that they follow the recorded values. Hold those that are known."
        console.print(Text(f"{together}, in {group.combinations} measured sum(s); {advice}", "yellow"))
    console.print(_errors(found))
    console.print(_means(found))


def _parameters(found: Calibration) -> Table:
    table = titled_table("\nParameters", "", "recorded", "fitted", "95 % interval")
    for one in found.parameters:
        table.add_row(one.path, f"{one.recorded:.6g}", _value(one.value), _interval(one))
    return table


def _value(value: float | None) -> str:
    return "too fast to tell" if value is None else f"{value:.6g}"


def _interval(one: Fitted) -> str:
    if not one.alone:
        return "not measured alone"
    return f"{one.low:.4g} to {'inf' if one.high is None else f'{one.high:.4g}'}"


def _errors(found: Calibration) -> Table:
    title = f"\nErrors of {found.held_out:,} latencies that the fit has not seen (%), with 95 % intervals"
    table = titled_table(title, "", *_JUDGED)
    for name, accuracy in (("before", found.before), ("after", found.after)):
        table.add_row(name, *(_percent(one) for one in _estimates(accuracy)))
    return table


def _estimates(accuracy: Accuracy) -> tuple[Estimate, ...]:
    return accuracy.mape, accuracy.bias, accuracy.p50, accuracy.p90, accuracy.p99


def _percent(one: Estimate) -> str:
    return f"{100 * one.value:.3g} [{100 * one.low:.3g}, {100 * one.high:.3g}]"


def _means(found: Calibration) -> Table:
    table = titled_table("\nMean latency of the same", "command", "n", "measured", "before", "after")
    for kind in found.kinds:
        seconds = (kind.measured_s, kind.before_s, kind.after_s)
        table.add_row(kind.kind, f"{kind.count:,}", *(format_si(value, "s") for value in seconds))
    return table
