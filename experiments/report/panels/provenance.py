"""Where the numbers of a report come from: provenance, configurations and what they differ in, checks, metrics."""

from collections.abc import Callable, Sequence

from experiments.compare.comparison import Comparison
from experiments.inspect.inspection import Inspection, MetricSummary
from experiments.output.amounts import shown_value
from experiments.report.markup import Markup, details, element, note, table, text
from experiments.report.section import Section

__all__ = ["configuration_section", "differences_section", "metrics_section", "provenance_section"]

_HIDDEN = ("energy_j.", "busy_s.")  # the ledgers show what the bench logged at its end
_LONGEST_REASON = 2000

_FACTS: Sequence[tuple[str, Callable[[Inspection], str]]] = (
    ("study", lambda one: one.title or "untitled"),
    ("status", lambda one: one.status),
    ("reason", lambda one: one.reason.strip()[-_LONGEST_REASON:]),
    ("created", lambda one: one.created),
    ("seed", lambda one: str(one.seed)),
    ("digest", lambda one: one.digest),
    ("configuration", lambda one: one.config_digest),
    ("schema", lambda one: f"version {one.schema_version}, detail {one.detail}"),
    ("made with", lambda one: ", ".join(f"{name} {version}" for name, version in one.versions.items())),
    ("file", lambda one: one.path),
)


def provenance_section(comparison: Comparison, found: Sequence[Inspection]) -> Section:
    """Return the section: which run each trace is of, and whether the trace agrees with itself."""
    rows = [[label, *(read(one) for one in found)] for label, read in _FACTS]
    rows = [row for row in rows if any(row[1:])]
    rows += _checks(found)
    names = [one.name for one in comparison.traces]
    return Section("provenance", "Provenance", (table(("", *names), rows, kind="words"),))


def differences_section(comparison: Comparison) -> Section:
    """Return the section: the dotted configuration keys on which the traces differ."""
    title = "What differs in the configurations"
    if not comparison.differences:
        return Section("differences", title, (note("Nothing: all traces have the same configuration."),))
    names = [one.name for one in comparison.traces]
    rows = [
        (row.key, *(shown_value(row.key, value) for value in row.values)) for row in comparison.differences
    ]
    return Section("differences", title, (table(("key", *names), rows),))


def metrics_section(comparison: Comparison, found: Sequence[Inspection]) -> Section:
    """Return the section: the first, best and last value of every number that a run logged."""
    names = dict.fromkeys(name for one in found for name in one.metrics if not name.startswith(_HIDDEN))
    if not names:
        return Section("metrics", "Metrics", (note("No trace logged a number."),))
    head = ["metric"]
    for contender in comparison.traces:
        mark = f"{contender.name}: " if len(found) > 1 else ""
        head += [f"{mark}first", "best", "last"]
    rows = [[name, *(cell for one in found for cell in _summary(one.metrics.get(name)))] for name in names]
    words = (
        "Best: the greatest accuracy, R² or fidelity, the least of anything else. A name carries its unit; "
        "accuracies are fractions."
    )
    return Section("metrics", "Metrics", (table(head, rows), note(words)))


def configuration_section(comparison: Comparison, configs: Sequence[str]) -> Section:
    """Return the section: the whole configuration of each run, which ``lightloop run`` accepts as a study."""
    parts: list[Markup] = [
        details(one.name, element("pre", text(config)))
        for one, config in zip(comparison.traces, configs, strict=True)
    ]
    return Section("configuration", "Whole configuration", parts)


def _checks(found: Sequence[Inspection]) -> list[list[str]]:
    energy = [one.checks.energy_relative_difference for one in found]
    return [
        [
            "energy ledger against the meter",
            *("nothing to compare" if e is None else f"{e:.1e} relative" for e in energy),
        ],
        ["latency ledger against elapsed", *(f"{one.checks.ledger_minus_elapsed_ps} ps" for one in found)],
    ]


def _summary(one: MetricSummary | None) -> tuple[str, str, str]:
    if one is None:
        return "", "", ""
    return f"{one.first:.6g}", f"{one.best:.6g}", f"{one.last:.6g}"
