"""The shipped studies: what each is about, on what, and what drives it."""

from dataclasses import dataclass
from importlib.resources import files

from rich.console import Console

from emulator.errors import ConfigError, nearest
from experiments.output.tables import Column, table_of
from experiments.output.terminal import show
from experiments.run.launch import open_study, shipped_studies
from experiments.run.study import Study

__all__ = ["Shipped", "show_studies", "study_text", "the_studies"]


@dataclass(frozen=True, slots=True)
class Shipped:
    """One study: its name, its title, and the task, controller and machine that it puts together."""

    name: str
    title: str
    task: str
    controller: str
    presets: tuple[str, ...]


def the_studies() -> tuple[Shipped, ...]:
    """Return the shipped studies, by name."""
    return tuple(_shipped(name, open_study(name)) for name in shipped_studies())


def study_text(name: str) -> str:
    """Return the shipped study ``name`` as it is written, with its sources; raises ``ConfigError``."""
    names = shipped_studies()
    if name not in names:
        hint = nearest(name, names)
        raise ConfigError(
            f"{name[:60]!r} is no shipped study; known: {', '.join(names)}{hint and f'; {hint}'}"
        )
    return (files(__package__) / f"{name}.toml").read_text(encoding="utf-8")


def show_studies(found: tuple[Shipped, ...], console: Console) -> None:
    """Print a row a study."""
    rows = [(one.name, one.title, one.controller, ", ".join(one.presets)) for one in found]
    columns: tuple[str | Column, ...] = (
        "study",
        *(Column(heading, words=True) for heading in ("what it does", "controller", "presets")),
    )
    notes = (
        "lightloop studies NAME prints one, with the source of every number; lightloop run NAME runs it",
    )
    show(table_of("", columns, rows, notes), console)


def _shipped(name: str, study: Study) -> Shipped:
    sections = {**study.standing(), "host": study.host}
    presets = tuple(
        f"{section} {preset}"
        for section, config in sections.items()
        if (preset := getattr(config, "preset", None)) is not None
    )
    return Shipped(name, study.title, study.task.name, study.controller.kind, presets)
