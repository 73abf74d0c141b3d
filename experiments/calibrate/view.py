"""A calibration as tables for a terminal; it computes nothing."""

from rich.console import Console
from rich.text import Text

from emulator.units import format_si
from experiments.calibrate.calibration import Accuracy, Calibration, Estimate, Fitted
from experiments.output.tables import Table, table_of
from experiments.output.terminal import show

__all__ = ["show_calibration"]

_JUDGED = ("mape", "bias", "p50", "p90", "p99")


def show_calibration(found: Calibration, console: Console) -> None:
    """Print the fitted numbers, what cannot be told apart, and the errors before and after."""
    left = f", {found.left_out} of commands that nothing explains left out" if found.left_out else ""
    console.print(Text(f"{found.latencies:,} latencies from {found.measured}{left}", "bold"))
    if found.stalls:
        rule = "twice the median of their kind and 10 robust standard deviations beyond it, or more"
        console.print(Text(f"{found.stalls:,} more left out as stalls: {rule}"))
    if found.undetermined:
        console.print(Text(f"not determined, kept as recorded: {', '.join(found.undetermined)}", "yellow"))
    if found.held:
        console.print(Text(f"held as recorded: {', '.join(found.held)}"))
    show(_parameters(found), console)
    for group in found.confounded:
        together = f"{', '.join(group.paths)}: these {len(group.paths)} only appear together"
        advice = "beyond that they follow the recorded values. Hold those that are known."
        console.print(Text(f"{together}, in {group.combinations} measured sum(s); {advice}", "yellow"))
    show(_errors(found), console)
    show(_means(found), console)


def _parameters(found: Calibration) -> Table:
    headings = ("", "recorded", "fitted", "95 % interval")
    rows = ((one.path, f"{one.recorded:.6g}", _value(one.value), _interval(one)) for one in found.parameters)
    return table_of("Parameters", headings, rows)


def _value(value: float | None) -> str:
    return "too fast to tell" if value is None else f"{value:.6g}"


def _interval(one: Fitted) -> str:
    if not one.alone:
        return "not measured alone"
    return f"{one.low:.4g} to {'inf' if one.high is None else f'{one.high:.4g}'}"


def _errors(found: Calibration) -> Table:
    title = f"Errors of {found.held_out:,} latencies that the fit has not seen (%), with 95 % intervals"
    judged = (("before", found.before), ("after", found.after))
    rows = ((name, *map(_percent, _estimates(accuracy))) for name, accuracy in judged)
    return table_of(title, ("", *_JUDGED), rows)


def _estimates(accuracy: Accuracy) -> tuple[Estimate, ...]:
    return accuracy.mape, accuracy.bias, accuracy.p50, accuracy.p90, accuracy.p99


def _percent(one: Estimate) -> str:
    return f"{100 * one.value:.3g} [{100 * one.low:.3g}, {100 * one.high:.3g}]"


def _means(found: Calibration) -> Table:
    headings = ("command", "n", "measured", "before", "after")
    rows = (
        (
            one.kind,
            f"{one.count:,}",
            *(format_si(s, "s") for s in (one.measured_s, one.before_s, one.after_s)),
        )
        for one in found.kinds
    )
    return table_of("Mean latency of the same", headings, rows)
