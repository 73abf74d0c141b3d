"""What stands on a bench, as far as time and energy go; it holds no instrument and no controller."""

from collections.abc import Mapping
from typing import NamedTuple

from pydantic import BaseModel

from emulator.bench_config import BudgetConfig
from emulator.config.difference import differences, leaves
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.host.config import HostConfig
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import OpuDesign

__all__ = ["Change", "Lab", "changes", "model_changes"]


class Lab(NamedTuple):
    """Hold the configuration of a bench; ``opu`` comes with the ``opu_design`` that it projects."""

    seed: int
    host: HostConfig
    budget: BudgetConfig
    chip: ChipConfig | None = None
    opu: OpuConfig | None = None
    opu_design: OpuDesign | None = None


class Change(NamedTuple):
    """Name a parameter by its dotted path, and its values before and after."""

    path: str
    old: object
    new: object


def changes(old: Lab, new: Lab) -> tuple[Change, ...]:
    """Return the parameters whose values differ, sorted by path; a missing one is None."""
    return _changes(_leaves(old), _leaves(new))


def model_changes(old: BaseModel, new: BaseModel) -> tuple[Change, ...]:
    """Return the values that differ between two configurations, sorted by dotted path; a missing one is None."""
    return _changes(leaves(old), leaves(new))


def _changes(old: Mapping[str, object], new: Mapping[str, object]) -> tuple[Change, ...]:
    return tuple(Change(one.key, *one.values) for one in differences((old, new)))


def _leaves(lab: Lab) -> dict[str, object]:
    found: dict[str, object] = {"seed": lab.seed}
    for name, section in zip(lab._fields, lab, strict=True):
        if isinstance(section, BaseModel):
            found |= leaves(section, f"{name}.")
        elif isinstance(section, OpuDesign):
            found[name] = tuple(section)
    return found
