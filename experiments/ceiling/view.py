"""Ceilings as a table and as JSON, in words that leave no doubt that an oracle found them; it computes none."""

from collections.abc import Mapping, Sequence

from rich.console import Console

from experiments.ceiling.ceiling import Ceiling
from experiments.output.measures import MEASURES, Measure
from experiments.output.statistics import accuracy_interval, accuracy_stat, stat
from experiments.output.tables import Cell, Column, Table
from experiments.output.terminal import show

__all__ = ["ORACLE", "as_json", "show_ceilings"]

ORACLE = "an oracle's: by the exact gradient of the chip as it was made, which no controller can have"
"""What a ceiling is."""


def as_json(study: str, found: Sequence[Ceiling]) -> Mapping[str, object]:
    """Return ``found``, one a seed, as one record; metrics carry their name, accuracies are fractions."""
    name = found[0].metric
    parts = {
        f"test_{name}": stat(each.test for each in found),
        f"val_{name}": stat(each.val for each in found),
        f"ideal_test_{name}": stat(each.ideal for each in found),
        f"deployed_test_{name}": stat(each.deployed for each in found),
    }
    return {
        "study": study,
        "what": f"ceiling: {ORACLE}",
        **{key: part.mean for key, part in parts.items()},
        f"test_{name}_sd": parts[f"test_{name}"].sd,
        "test_samples": found[0].test_samples,
        "active": found[0].active,
        "seeds": [_seed(each) for each in found],
    }


def _seed(each: Ceiling) -> Mapping[str, object]:
    name = each.metric
    record: dict[str, object] = {
        "seed": each.seed,
        f"test_{name}": each.test,
        f"val_{name}": each.val,
        f"ideal_test_{name}": each.ideal,
        f"deployed_test_{name}": each.deployed,
        "test_samples": each.test_samples,
        "active": each.active,
    }
    if name == MEASURES[0].name:
        record[f"test_{name}_interval"] = accuracy_interval(each.test, each.test_samples)
    return record


def show_ceilings(study: str, found: Sequence[Ceiling], console: Console) -> None:
    """Print ``found``, one a seed: what is ideal, what was deployed, and how far up the active phases reach."""
    measure = next(each for each in MEASURES if each.name == found[0].metric)
    columns = (
        Column(""),
        Column(f"test {measure.label}", measure.digits, measure.factor),
        Column("what it is", words=True),
    )
    notes = [_seeds(found), f"the ceiling is {ORACLE}"]
    if measure.name == MEASURES[0].name:
        notes.append(_interval(found))
    rows = (
        ("ideal", _cell(measure, [each.ideal for each in found], found), "the electronic model"),
        ("deployed", _cell(measure, [each.deployed for each in found], found), "the chip before it is tuned"),
        ("ceiling", _cell(measure, [each.test for each in found], found), _reach(found)),
    )
    show(Table(f"Ceiling of {study}", columns, rows, tuple(notes)), console)


def _cell(measure: Measure, values: Sequence[float], found: Sequence[Ceiling]) -> Cell:
    if len(values) == 1:
        return values[0]
    return accuracy_stat(values, found[0].test_samples) if measure.name == MEASURES[0].name else stat(values)


def _reach(found: Sequence[Ceiling]) -> str:
    return f"{found[0].active:,} active phases, the state of least validation loss"


def _seeds(found: Sequence[Ceiling]) -> str:
    first, last = found[0].seed, found[-1].seed
    if first == last:
        return f"seed {first}; --seeds N adds the spread over chips, active sets and networks"
    return f"mean ± sd over the seeds {first} to {last}"


def _interval(found: Sequence[Ceiling]) -> str:
    intervals = [accuracy_interval(each.test, each.test_samples) for each in found]
    low = min(100 * one.low for one in intervals if one is not None)
    high = max(100 * one.high for one in intervals if one is not None)
    samples = found[0].test_samples
    return (
        f"95 % Wilson interval of the ceiling [{low:.1f}, {high:.1f}], from {samples:,} test samples a seed"
    )
