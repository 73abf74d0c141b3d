"""The study in a trace as TOML that ``lightloop run`` takes, whatever version of Lightloop wrote it."""

from pathlib import Path

from emulator.config.models import to_toml
from emulator.trace.open import open_trace
from experiments.run.laboratory import study_of
from experiments.run.study import Study

__all__ = ["embedded_study", "embedded_toml"]


def embedded_study(path: Path) -> Study:
    """Return the study of the trace at ``path``, every key where it stands today.

    Raises ``TraceError`` when there is no trace or it is damaged, and ``ConfigError`` when no study made it.
    """
    with open_trace(path) as trace:
        return study_of(trace)


def embedded_toml(path: Path) -> str:
    """Return ``embedded_study`` as TOML, of which ``lightloop run`` makes the same study; raises as that does."""
    return to_toml(embedded_study(path))
