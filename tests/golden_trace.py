"""How the golden traces of version 3 were made: ``python -m tests.golden_trace``; no test lives here.

What such a file says must be read for good, so that a file that is there is never written again: what the emulator
computes may change, and the files of a version are those that it wrote.
"""

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from emulator.bench import Bench
from emulator.commands import (
    Compute,
    Controller,
    Descent,
    Forward,
    Join,
    Log,
    Probe,
    Project,
    Sequence,
    SetPhases,
    Settle,
    Start,
    Wait,
)
from emulator.config.models import to_toml
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Lab, Stand
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import OpuDesign
from emulator.streams import stream
from emulator.trace import Header, Recorder
from emulator.trace.schema import Detail
from emulator.trace.writing.header import Origin
from tests.builders import ideal_chip, random_batch, random_design

__all__ = ["FOLDER", "golden_run"]

FOLDER: Final = Path(__file__).parent / "golden"
SIZES: Final = (6, 5, 3)
FIRST, SECOND = random_batch(12, SIZES[0]), random_batch(5, SIZES[0], key=1)


def main_agent() -> Controller:
    """Ask for everything that there is, with work in flight, and log."""
    patterns = (stream(0, "tests/golden").normal(size=(3, 12)) > 0).astype(np.float32)
    for turn in range(6):
        yield Probe([turn], [0.1 * turn], FIRST if turn < 4 else SECOND)
        yield Log("loss", 1.0 / (turn + 1))
    yield Probe([1, 2], [0.3, 0.4], SECOND)
    heaters, try_rad = np.array([[3], [4], [5]]), np.array([[0.5], [0.6], [0.7]])
    home = np.array([False, True, False])
    yield Sequence(
        heaters, try_rad, FIRST, Descent("step_back", try_rad[:, 0] + 3.0, np.full(3, 1.0), home, 9)
    )
    yield SetPhases([7, 8], [0.2, 0.1])
    yield Settle(1_500_000)
    reading = yield Start(Forward(SECOND))
    projection = yield Start(Project(patterns))
    yield Compute(50_000, 1000, "update")
    yield Join(reading)
    yield Join(projection)


def other_agent() -> Controller:
    """Read now and then, so that thoughts overlap."""
    for turn in range(5):
        yield Wait(25_000_000 * (turn + 1))
        yield Forward(FIRST)


def golden_run(out: Path, detail: Detail) -> None:
    """Record the run of the golden traces in the file ``out``."""
    host, opu = HostConfig(), OpuConfig()
    lab: Lab = {
        "chip": Stand(ideal_chip(), random_design(SIZES)),
        "opu": Stand(opu, OpuDesign(features=12, outputs=40)),
        "host": Stand(host),
    }
    settings = to_toml(host).splitlines()
    header = Header.now(
        "\n".join(['title = "golden"', "[host]", *settings, ""]), 0, origin=Origin("closed", "0f" * 16)
    )
    header = replace(header, created="2026-11-28T00:00:00+00:00", versions=(("lightloop", "golden"),))
    bench = Bench(lab, 0)
    bench.run({"main": main_agent(), "other": other_agent()}, recorder=Recorder.create(out, header, detail))


if __name__ == "__main__":
    details: tuple[Detail, ...] = ("commands", "full")
    for detail in details:
        path = FOLDER / f"v3-{detail}.h5"
        if not path.exists():
            golden_run(path, detail)
