"""Traces to draw, recorded once a session; tests only read them."""

from pathlib import Path

import pytest

from tests.experiments.light_traces import record_light


@pytest.fixture(scope="session")
def light_trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a training with light at detail "full"."""
    return record_light(tmp_path_factory.mktemp("light") / "full.h5", "trace.detail=full")


@pytest.fixture(scope="session")
def light_commands_trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the same training at detail "commands"."""
    return record_light(tmp_path_factory.mktemp("light") / "commands.h5", "trace.detail=commands")
