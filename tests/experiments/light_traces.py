"""Small trainings for tests: two digits, a narrow network, a second's work."""

from pathlib import Path

from experiments.run.run import run_study
from experiments.run.study import Study, study_from_overrides

__all__ = ["light_study", "record_light"]

_SMALL = (
    'title="Two digits with light"', "task.name=mnist", "task.classes=[0, 1]", "task.hidden=[12, 8]",
    "opu.preset=light_in_the_loop", "host.preset=workstation", "controller.kind=odfa", "controller.epochs=2",
    "controller.align_every=2",
)  # fmt: skip


def light_study(*overrides: str) -> Study:
    """Return the small study with ``overrides`` on top."""
    return study_from_overrides((*_SMALL, *overrides), "test")


def record_light(out: Path, *overrides: str) -> Path:
    """Run the small study with ``overrides`` into ``out``, and return ``out``."""
    run_study(light_study(*overrides), out)
    return out
