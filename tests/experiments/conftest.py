"""A small recovery, run once a session in a room of its own, for all tests of studies, traces and commands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from experiments.run.run import run_study
from experiments.run.study import Study, load_study
from tests.weights import share_weights

STUDIES = Path(__file__).resolve().parents[2] / "experiments" / "studies"


@pytest.fixture(autouse=True, scope="session")
def _no_line_now_and_then() -> Iterator[None]:
    """Say nothing of work that lasts: on a busy machine any may, and tests count the lines of stderr."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("experiments.output.streams.pulse.beat", lambda *given: None)
        yield


@pytest.fixture(scope="session")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder whose ``.cache`` keeps the pre-trained weights of the session."""
    return share_weights(tmp_path_factory.mktemp("room"), tmp_path_factory)


@pytest.fixture
def in_room(room: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in the room, and return it."""
    monkeypatch.chdir(room)
    return room


@pytest.fixture(scope="session")
def small_study() -> Study:
    """Return the shipped vowel recovery, cut down to 200 queries."""
    return load_study(
        STUDIES / "vowel_recovery.toml", ("controller.queries=200", "evaluation.every_queries=50")
    )


@pytest.fixture(scope="session")
def small_trace(room: Path, small_study: Study) -> Path:
    """Return the finished trace of the small study; tests only read it."""
    out = room / "small.h5"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(room)
        run_study(small_study, out)
    return out
