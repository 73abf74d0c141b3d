"""``lightloop check timings`` sets presets of optical units beside published timings of real ones.

Sources: outputs stored in notebooks of lightonai/lightonml at 686a0e3 (Apache-2.0), a unit of 2020; two settings
of joneswack/opu-kernel-experiments at a37bc6a (measured facts, cited), a unit of 2019. Whole tables are
for ``lightloop calibrate --preset``, which says how far off a preset is before any fit.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emulator.config.models import build
from emulator.errors import TaskError
from emulator.instruments.host.config import HostConfig
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.frames import calls_s
from emulator.instruments.opu.timing import OpuDesign
from experiments.output.publishing import folder_of, publish, source_note
from experiments.output.source import source_digest
from experiments.output.tables import Column, Table
from experiments.sweep.trial import Size, Trial

__all__ = ["PUBLISHED", "TIMINGS", "Published", "run_timings", "taken_s"]


_CALLS: Final = 1000
_HOST: Final = "workstation"


@dataclass(frozen=True, slots=True)
class Published:
    """Hold a published timing of a real unit: what was asked for, ``seconds``, and how far off is good enough."""

    preset: str
    what: str
    vectors: int
    features: int
    outputs: int
    seconds: float
    tolerance: float
    source: str
    online: bool = False


PUBLISHED: Final = (
    Published(
        "opu_gen2", "a batch", 3000, 10_000, 10_000, 1.683458, 0.03, "lightonml get_started.ipynb, cell 11"
    ),
    Published(
        "opu_gen2", "a batch", 3000, 1000, 10_000, 1.643237, 0.03, "lightonml saving_and_loading.ipynb, cell 14"
    ),
    Published(
        "opu_gen2", "900 x 900 bytes, unpacked", 3000, 810_000, 10_000, 3.368169, 0.1,
        "lightonml get_started.ipynb, cell 16",
    ),
    Published(
        "opu_gen2", "online, one vector a call", 25_000, 190_000, 10_000, 138.36676, 0.1,
        "lightonml newma_online.ipynb, cell 15", online=True,
    ),
    Published("opu_2019", "a batch", 1000, 1000, 10_000, 4.28, 0.1, "opu-kernel-experiments opu_time.npy"),
    Published("opu_2019", "a batch", 1000, 45_000, 3200, 5.33, 0.1, "opu-kernel-experiments opu_time.npy"),
)  # fmt: skip
"""Of the online run neither the outputs nor the caller's share of the time is told: 10,000 and none are taken."""


def taken_s(one: Published, calls: int) -> float:
    """Return what the emulated preset takes for ``one``; of an online run it makes ``calls`` of one vector."""
    config = build(OpuConfig, {"preset": one.preset}, f"preset opu/{one.preset}")
    if one.online:
        config = config.model_copy(update={"acquisition": "online"})
    times, each = (calls, 1) if one.online else (1, one.vectors)
    design = OpuDesign(one.features, one.outputs)
    took_s = calls_s(config, HostConfig(preset=_HOST), design, times, each)
    return took_s * one.vectors / (times * each)


def run_timings(out: Path, seeds: int, calls: int, jobs: int) -> None:
    """Compare and print under ``out``/timings; ``seeds`` and ``jobs`` are not used, since nothing is random.

    Raises ``TaskError`` after the table when a preset is farther off than it may be.
    """
    del seeds, jobs
    found = [(one, taken_s(one, calls)) for one in PUBLISHED]
    publish("timings", (_table(found),), source_note([source_digest()]), folder_of("timings", out))
    if any(abs(seconds / one.seconds - 1) > one.tolerance for one, seconds in found):
        raise TaskError("check timings: a preset is farther off than it may be; see the table")


def _table(found: list[tuple[Published, float]]) -> Table:
    columns = (
        Column("preset", words=True), Column("what", words=True), Column("vectors", 0), Column("features", 0),
        Column("outputs", 0), Column("published s", 3), Column("emulated s", 3), Column("off by %", 1),
        Column("may be off by %", 0), Column("source", words=True),
    )  # fmt: skip
    rows = tuple(
        (
            one.preset, one.what, one.vectors, one.features, one.outputs, one.seconds, seconds,
            100 * (seconds / one.seconds - 1), 100 * one.tolerance, one.source,
        )
        for one, seconds in found
    )  # fmt: skip
    notes = (
        "acquisition_s, format_s_per_byte, online_s and opu_2019's frame rate were fitted to these runs and, of "
        "opu_2019, 21 more: this is how well presets explain them, and no blind test",
        "the online run's caller works in its time, so online_s is an upper bound",
    )
    return Table("Published timings of real units, and what their presets take", columns, rows, notes)


TIMINGS: Final = Trial(
    "timings",
    "do presets of optical units take what real units took",
    Size("calls", "calls of one vector that are made of an online run", _CALLS),
    run_timings,
)
