"""What stands on a bench, as far as time and energy go; it holds no instrument and no controller."""

from typing import NamedTuple

from pydantic import BaseModel

from emulator.bench_config import BudgetConfig
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.host.config import HostConfig
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import OpuDesign

__all__ = ["Change", "Lab", "changes", "leaves", "model_changes"]


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
    return _differing(_leaves(old), _leaves(new))


def model_changes(old: BaseModel, new: BaseModel) -> tuple[Change, ...]:
    """Return the values that differ between two configurations, sorted by dotted path; a missing one is None."""
    return _differing(leaves(old), leaves(new))


def leaves(model: BaseModel) -> dict[str, object]:
    """Return every value of a configuration by its dotted path."""
    return _below("", model)


def _differing(before: dict[str, object], after: dict[str, object]) -> tuple[Change, ...]:
    paths = sorted(before.keys() | after.keys())
    pairs = [Change(path, before.get(path), after.get(path)) for path in paths]
    return tuple(change for change in pairs if change.old != change.new)


def _leaves(lab: Lab) -> dict[str, object]:
    found: dict[str, object] = {"seed": lab.seed}
    for name, section in zip(lab._fields, lab, strict=True):
        if isinstance(section, BaseModel):
            found |= _below(f"{name}.", section)
        elif isinstance(section, OpuDesign):
            found[name] = tuple(section)
    return found


def _below(prefix: str, section: BaseModel) -> dict[str, object]:
    found: dict[str, object] = {}
    for name in type(section).model_fields:
        value, path = getattr(section, name), f"{prefix}{name}"
        found |= _below(f"{path}.", value) if isinstance(value, BaseModel) else {path: value}
    return found
