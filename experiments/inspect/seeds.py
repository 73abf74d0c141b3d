"""Traces that differ in their seeds alone are samples of one setting; it computes no number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from emulator.config.difference import Scalar, differences, leaves, scalar
from emulator.config.toml import Tree, parse_toml
from emulator.errors import ConfigError
from emulator.trace.reading.reader import Trace
from experiments.output.amounts import shown_value
from experiments.output.fragment import WHOLE

__all__ = ["SeedGroup", "seed_groups", "seeds_text", "tree_of"]

_SEED: Final = "seed"
_TITLE: Final = "title"
_NAMED: Final = 3
"""Up to so many keys that differ name a group."""


@dataclass(frozen=True)
class SeedGroup:
    """Hold the places of traces that differ in their seeds alone, and what pairs each with one of another group.

    ``name`` is the trace's own where there is one, else what sets the group apart from the others.
    """

    name: str
    members: tuple[int, ...]
    seeds: tuple[int, ...]
    pairs: tuple[tuple[tuple[str, Scalar], ...], ...]

    def paired(self, other: "SeedGroup") -> list[tuple[int, int]]:
        """Return places of mine and of ``other`` that have the same seeds, in my order."""
        theirs = dict(zip(other.pairs, other.members, strict=True))
        return [
            (mine, theirs[pair])
            for pair, mine in zip(self.pairs, self.members, strict=True)
            if pair in theirs
        ]


def seed_groups(traces: Sequence[Trace], names: Sequence[str]) -> tuple[SeedGroup, ...]:
    """Return ``traces``, whose short ``names`` are given, in groups whose configurations differ in seeds alone.

    In order of their first trace. A run that was cut off is in no group with whole ones, and one whose seeds are in
    a group already is no further sample: it begins a group of its own.
    """
    found: dict[tuple[object, ...], list[int]] = {}
    pairs: list[tuple[tuple[str, Scalar], ...]] = []
    trees: list[dict[str, Scalar]] = []
    for place, trace in enumerate(traces):
        values = {path: scalar(value) for path, value in leaves(tree_of(trace)).items()}
        seeds = {path: value for path, value in values.items() if _is_seed(path)} | {_SEED: trace.seed}
        rest = {path: value for path, value in values.items() if not _is_seed(path)}
        pairs.append(tuple(sorted(seeds.items())))
        trees.append(rest)
        key = (tuple(sorted(rest.items())), trace.status in WHOLE, trace.origin is None)
        copy = 0
        while any(pairs[other] == pairs[place] for other in found.get((*key, copy), ())):
            copy += 1
        found.setdefault((*key, copy), []).append(place)
    members = list(found.values())
    titles = _titles(members, trees, names)
    return tuple(
        SeedGroup(title, tuple(one), tuple(traces[at].seed for at in one), tuple(pairs[at] for at in one))
        for title, one in zip(titles, members, strict=True)
    )


def seeds_text(seeds: Sequence[int]) -> str:
    """Return ``seeds`` as people write them: "0 to 4", or "0, 2, 7"."""
    ordered = sorted(seeds)
    if len(ordered) > 2 and ordered == list(range(ordered[0], ordered[-1] + 1)):
        return f"{ordered[0]} to {ordered[-1]}"
    return ", ".join(map(str, ordered))


def tree_of(trace: Trace) -> Tree:
    """Return the study's tree; a trace of a bench that no study built may hold another text."""
    try:
        return parse_toml(trace.config_text, str(trace.path))
    except ConfigError:
        return {}


def _is_seed(path: str) -> bool:
    return path.rpartition(".")[2] == _SEED


def _titles(
    members: Sequence[Sequence[int]], trees: Sequence[dict[str, Scalar]], names: Sequence[str]
) -> list[str]:
    """Return a name a group: that of its only trace, or what differs from other groups, each once."""
    rows = [row for row in differences([trees[one[0]] for one in members]) if row.key != _TITLE]
    named = rows if len(rows) <= _NAMED else []
    titles: list[str] = []
    for number, one in enumerate(members):
        words = [
            f"{row.key.rpartition('.')[2]} = {shown_value(row.key, row.values[number])}" for row in named
        ]
        several = ", ".join(words) or f"{names[one[0]]} and {len(one) - 1} more"
        title = names[one[0]] if len(one) == 1 else several
        copies = sum(title == other or other.startswith(f"{title} (") for other in titles)
        titles.append(f"{title} ({copies + 1})" if copies else title)
    return titles
