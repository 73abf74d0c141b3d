"""A preset as the validated section of a study that it stands for, with values of one's own on top."""

from typing import TypeVar

from emulator.arguments import checked_path
from emulator.config.files import with_preset_files
from emulator.config.models import PresetModel, build, with_overrides
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.host.config import HostConfig
from emulator.instruments.opu.config import OpuConfig
from experiments.run.changes import Changes, overrides

__all__ = ["chip", "host", "opu"]

_Section = TypeVar("_Section", bound=PresetModel)


def chip(preset: str | None = None, changes: Changes | None = None) -> ChipConfig:
    """Return the chip of ``preset`` (None: the defaults) with ``changes``; raises ``ConfigError``."""
    return _section(ChipConfig, preset, changes)


def opu(preset: str | None = None, changes: Changes | None = None) -> OpuConfig:
    """Return the OPU of ``preset`` (None: the defaults) with ``changes``; raises ``ConfigError``."""
    return _section(OpuConfig, preset, changes)


def host(preset: str | None = None, changes: Changes | None = None) -> HostConfig:
    """Return the host of ``preset`` (None: the defaults) with ``changes``; raises ``ConfigError``."""
    return _section(HostConfig, preset, changes)


def _section(model: type[_Section], preset: str | None, changes: Changes | None) -> _Section:
    kind = model.preset_kind
    if preset is not None:
        checked_path(f"{kind}: preset", preset)
    tree: dict[str, object] = {} if preset is None else {"preset": str(preset)}
    whole = with_preset_files({kind: with_overrides(tree, overrides(changes))}, {kind: model})
    return build(model, dict[str, object](whole[kind]), f"{kind} preset")  # type: ignore[call-overload]
