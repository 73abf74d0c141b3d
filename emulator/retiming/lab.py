"""What stands on a bench, as far as time and energy go; it holds no instrument and no controller."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel

from emulator.bench_config import BudgetConfig
from emulator.config.difference import differences, leaves
from emulator.instruments.host.kind import KIND as HOST
from emulator.instruments.instrument import InstrumentKind, Lab, Stand
from emulator.instruments.registry import INSTRUMENTS

__all__ = ["Change", "Laboratory", "changes", "model_changes"]


class Laboratory(NamedTuple):
    """Hold what stands on a bench, the host included, with the seed and the limits of its runs.

    Of an instrument's design a re-timing needs what its commands' times depend on; the others' may be None.
    """

    seed: int
    budget: BudgetConfig
    lab: Lab

    @property
    def host(self) -> Any:
        """Return the configuration of the host."""
        return self.lab[HOST.name].config

    def standing(self) -> Iterator[tuple[InstrumentKind, Stand]]:
        """Yield the kinds that stand here, in the order of the bench, each with its stand."""
        return ((kind, self.lab[name]) for name, kind in INSTRUMENTS.items() if name in self.lab)


class Change(NamedTuple):
    """Name a parameter by its dotted path, and its values before and after."""

    path: str
    old: object
    new: object


def changes(old: Laboratory, new: Laboratory) -> tuple[Change, ...]:
    """Return the parameters whose values differ, sorted by path; a missing one is None."""
    return _changes(_leaves(old), _leaves(new))


def model_changes(old: BaseModel, new: BaseModel) -> tuple[Change, ...]:
    """Return the values that differ between two configurations, sorted by dotted path; a missing one is None."""
    return _changes(leaves(old), leaves(new))


def _changes(old: Mapping[str, object], new: Mapping[str, object]) -> tuple[Change, ...]:
    return tuple(Change(one.key, *one.values) for one in differences((old, new)))


def _leaves(laboratory: Laboratory) -> dict[str, object]:
    found: dict[str, object] = {"seed": laboratory.seed, **leaves(laboratory.budget, "budget.")}
    for kind, stand in laboratory.standing():
        found |= leaves(stand.config, f"{kind.name}.")
        if isinstance(stand.design, tuple):
            found[f"{kind.name}.design"] = tuple(stand.design)
    return found
