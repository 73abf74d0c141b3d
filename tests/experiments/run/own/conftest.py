"""A room to run in, and a file of somebody's controllers in it."""

from pathlib import Path

import pytest

SOURCE = '''"""Controllers of somebody."""

import numpy as np

from lightloop import Forward, Log, Probe, Settle, cross_entropy


def tune(setting, gain: float = 0.1, *, steps: int = 3, name="x"):
    """Probe at random."""
    for number, batch in zip(range(steps), setting.batches):
        way = gain * setting.rng.choice((-1.0, 1.0), size=len(setting.phases))
        reading = yield Probe(setting.heaters.tolist(), list((setting.phases + way) % 6.28), batch)
        yield Log("train_loss", cross_entropy(reading.outputs, batch.labels))


def needy(setting, gain):
    yield Settle(int(gain))


def early(setting):
    here = 1 / 0
    yield Settle(here)


def wrong(setting):
    yield 3


def late(setting):
    yield Settle()
    yield Settle()
    np.zeros(2).reshape(3)


def wrong_late(setting):
    yield Settle()
    yield "more"


def nobody():
    yield Settle()


def plain(setting):
    return [Settle()]


def silent(setting):
    return
    yield


table = {"a": 1}
'''


@pytest.fixture
def mine(room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder that has one file, ``mine.py``, and return that file."""
    monkeypatch.setenv("LIGHTLOOP_CACHE", str(room / ".cache"))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path
