"""The instruments that a study may configure, by the names of their sections; adding one is one line here."""

from collections.abc import Mapping
from typing import NamedTuple

from emulator.config.models import StrictModel
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.opu.config import OpuConfig

__all__ = ["INSTRUMENTS", "Section"]


class Section(NamedTuple):
    """Name an instrument, its section of a study, and the model of that section."""

    name: str
    config: type[StrictModel]


INSTRUMENTS: Mapping[str, Section] = {
    section.name: section for section in (Section("chip", ChipConfig), Section("opu", OpuConfig))
}
