"""An inspection as tables for a terminal; it computes nothing but shares and means."""

from rich.console import Console
from rich.text import Text

from emulator.trace.analysis.ledger import IDLE
from emulator.units import format_si
from experiments.inspect.inspection import AccuracySummary, Budget, Inspection, MetricSummary
from experiments.output.fragment import fragment_note
from experiments.output.measures import Measure, measure_in
from experiments.output.streams.standard import visible
from experiments.output.tables import Column, Table, table_of
from experiments.output.terminal import show

__all__ = ["show_inspection", "show_ledgers", "show_summary"]

_HIDDEN = ("energy_j.", "busy_s.")
_WORDS = Column("", words=True)
_ACCURACIES = (
    ("ideal", "the electronic model", "ideal_{}_{}", "last"),
    ("before", "when emulated time began", "{}_{}", "first"),
    ("at the end", "when emulated time ended", "{}_{}", "last"),
    ("selected", "the state of least validation loss", "selected_{}_{}", "last"),
    ("best seen", "steers nothing", "{}_{}", "best"),
)

_FRAMES = {
    None: None,
    True: "each is known",
    False: "not known: a stage counts from its first frame to its last",
}


def show_summary(found: Inspection, console: Console) -> None:
    """Print how the run ended and what it reached, in a few lines."""
    console.print(_headline(found))
    if found.reason.strip():
        console.print(Text(f"  {found.reason.strip().splitlines()[-1]}"))
    _note(found, console)
    show(_accuracies(found, ("test",)), console)
    _show_cautions(found, console)
    console.print(Text(f"{_spent(found)}\ntrace {found.path}"))


def show_ledgers(found: Inspection, console: Console) -> None:
    """Print where emulated time and energy went."""
    show(_latency(found), console)
    show(_energy(found), console)


def show_inspection(found: Inspection, console: Console) -> None:
    """Print everything."""
    console.print(_headline(found))
    if found.reason:
        console.print(Text(f"  {found.reason.strip()}"))
    _note(found, console)
    _show_cautions(found, console)
    console.print(Text(_spent(found)))
    show(_accuracies(found, ("test", "val")), console)
    show_ledgers(found, console)
    for table in (_budgets(found.budgets), _metrics(found), _provenance(found), _checks(found)):
        show(table, console)


def _note(found: Inspection, console: Console) -> None:
    """Say when what follows is of a part of a run."""
    note = fragment_note(found.status, found.elapsed_s)
    if note:
        console.print(Text(f"  {note}", "bold yellow"))


def _show_cautions(found: Inspection, console: Console) -> None:
    for caution in found.cautions:
        console.print(Text(f"caution: {caution}", "yellow"))


def _headline(found: Inspection) -> Text:
    style = {"complete": "bold green", "budget": "bold green"}.get(found.status, "bold yellow")
    return Text.assemble(
        (visible(found.title or found.path, lines=False), "bold"),
        "  ",
        (found.status, style),
        f"  seed {found.seed}",
    )


def _spent(found: Inspection) -> str:
    time, energy = format_si(found.elapsed_s, "s"), format_si(found.energy_j, "J")
    return f"{found.queries:,} queries in {time} of emulated time for {energy}"


def _accuracies(found: Inspection, parts: tuple[str, ...]) -> Table:
    rows, measure = [], measure_in(found.metrics)
    for label, meaning, name, which in _ACCURACIES:
        cells = [_cell(found.metrics.get(name.format(part, measure.name)), which, measure) for part in parts]
        if any(cells):
            rows.append((label, *cells, meaning))
    known = [found.metrics.get(f"{part}_accuracy") for part in parts]
    title = measure.label[:1].upper() + measure.label[1:]
    basis = _basis(parts, known) if rows and measure.name == "accuracy" else ()
    return table_of(title, ("", *parts, "what it is"), rows, basis)


def _basis(parts: tuple[str, ...], known: list[MetricSummary | None]) -> tuple[str, ...]:
    """Return the note that says what the intervals are."""
    counts = [
        f"{one.samples:,} {part} samples"
        for part, one in zip(parts, known, strict=True)
        if isinstance(one, AccuracySummary) and one.samples is not None
    ]
    if not counts:
        return ("no interval: the trace does not say how many samples were measured",)
    return (f"in brackets: 95 % Wilson interval, from {' and '.join(counts)}; seeds and noise come on top",)


def _cell(metric: MetricSummary | None, which: str, measure: Measure) -> str:
    if metric is None:
        return ""
    value = {"first": metric.first, "best": metric.best, "last": metric.last}[which]
    interval = metric.interval(which) if isinstance(metric, AccuracySummary) else None
    return f"{measure.number(value)}{measure.ends(interval)}"


def _latency(found: Inspection) -> Table:
    rows = [
        (
            name,
            format_si(seconds, "s"),
            _share(seconds, found.elapsed_s),
            format_si(seconds / found.queries, "s") if found.queries else "",
        )
        for name, seconds in _falling(found.latency_by_span_s)
    ]
    rows.append(("sum = elapsed", format_si(found.elapsed_s, "s"), "", ""))
    return table_of("Latency ledger", ("span", "time", "share", "a query"), rows, total=True)


def _energy(found: Inspection) -> Table:
    rows = [
        (
            name,
            format_si(joules, "J"),
            _share(joules, found.energy_j),
            format_si(joules / found.elapsed_s, "W") if found.elapsed_s else "",
        )
        for name, joules in _falling(found.energy_by_component_j)
    ]
    rows.append(("sum", format_si(found.energy_j, "J"), "", ""))
    return table_of("Energy ledger", ("component", "energy", "share", "mean power"), rows, total=True)


def _falling(amounts: dict[str, float]) -> list[tuple[str, float]]:
    """Return the items, the greatest first, idle time last."""
    return sorted(amounts.items(), key=lambda item: (item[0] == IDLE, -item[1]))


def _budgets(budgets: tuple[Budget, ...]) -> Table:
    rows = (
        (
            one.name,
            _amount(one.limit, one.unit, "none"),
            _amount(one.spent, one.unit, "not recorded"),
            _share(one.spent, one.limit) if one.spent is not None and one.limit is not None else "",
        )
        for one in budgets
    )
    return table_of("Budgets", ("budget", Column("limit", words=False), "spent", "share"), rows)


def _amount(value: float | None, unit: str, absent: str) -> str:
    if value is None:
        return absent
    return format_si(value, unit) if unit else f"{value:,.0f}"


def _metrics(found: Inspection) -> Table:
    rows = (
        (name, *(f"{value:.6g}" for value in (one.first, one.best, one.last)))
        for name, one in found.metrics.items()
        if not name.startswith(_HIDDEN)
    )
    note = "best: the greatest accuracy, R² or fidelity, the least of anything else"
    return table_of("Metrics", ("name", "first", "best", "last"), rows, (note,))


def _provenance(found: Inspection) -> Table:
    versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    rows = {
        "trace": f"{found.path} (schema {found.schema_version}, detail {found.detail})",
        "digest": found.digest,
        "configuration": f"{found.config_digest}, seed {found.seed}",
        "created": found.created,
        "made with": versions,
    }
    return table_of("Provenance", ("", _WORDS), rows.items())


def _checks(found: Inspection) -> Table:
    checks = found.checks
    energy, bench = checks.energy_relative_difference, checks.ledger_minus_bench_ps
    rows = {
        "energy from /power against the meter": None if energy is None else f"{energy:.1e} relative",
        "latency ledger - elapsed time": f"{checks.ledger_minus_elapsed_ps} ps",
        "all spans - the bench's own count": None if bench is None else f"{bench} ps at most",
        "frames of projections": _FRAMES[checks.frames_known],
    }
    cells = ((name, text or "nothing to compare") for name, text in rows.items())
    return table_of("Checks", ("", Column("", words=False)), cells)


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %" if whole else ""
