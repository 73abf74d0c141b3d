"""What a configuration says of a run's times, chances and noise, worked out apart from the emulator's plans.

Chances are judged by Chernoff's bound: a share of n frames that would be found by chance in one run of a thousand
million is taken for a fault. Source: H. Chernoff, Ann. Math. Statist. 23, 493 (1952), in the form exp(-n KL(q, p)).
"""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import numpy as np

from emulator.bench import Bench
from emulator.commands import Batch, Forward, FrameCounts, ProjectFrames, Reading
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Lab
from emulator.instruments.opu.config import OpuConfig
from emulator.units import PS_PER_S
from experiments.check.endurance.rows import Rows

__all__ = ["expected", "improbable"]

_CHANCE: Final = 1e-9
_FRAMES: Final = 300
_REMAINDER: Final = -1


def expected(lab: Lab, seed: int, rows: Rows) -> Iterator[str]:
    """Yield what is not as the configurations of what stands in ``lab`` say; ``seed`` is the run's."""
    yield from _times(lab, rows)
    if "opu" in lab:
        yield from _frames(lab, seed)
    if "chip" in lab:
        yield from _noise(lab, seed)


def _times(lab: Lab, rows: Rows) -> Iterator[str]:
    """Compare steps of plans whose time is one number of the configuration with that number."""
    said: dict[tuple[str, str], float] = {}
    host: HostConfig = lab["host"].config
    said["host", "think"] = host.overhead_s
    if "chip" in lab:
        chip: ChipConfig = lab["chip"].config
        said |= {
            ("link", "request"): chip.link.latency_s,
            ("dac", "update"): chip.dac.update_s,
            ("heaters", "settling"): chip.heaters.settle_s,
            ("monitors", "read"): chip.monitors.read_s,
        }
    steps = zip(
        rows.named("plans", "resource", "resource"),
        rows.named("plans", "activity", "activity"),
        rows.column("plans", "duration_ps").tolist(),
        strict=True,
    )
    for resource, activity, ps in steps:
        seconds = said.get((resource, activity))
        if seconds is not None and ps != _REMAINDER and abs(Fraction(seconds) * PS_PER_S - ps) > 1:
            yield f"times: {resource}.{activity} lasts {ps} ps, the configuration says {seconds!r} s"


def _frames(lab: Lab, seed: int) -> Iterator[str]:
    """Ask a unit for many frames, and compare how many are torn and lost with how many should be, by chance.

    A buffer that is full loses frames, too: those that a camera misses are at least as many as it should miss, and
    of those that it does not lose the share of torn ones is the mirrors'.
    """
    config: OpuConfig = lab["opu"].config
    torn_share, missed_share = config.dmd.torn_probability, config.camera.missed_probability
    if not (torn_share or missed_share):
        return
    counts = Bench(lab, seed).ask(ProjectFrames(_FRAMES, 0))
    assert isinstance(counts, FrameCounts)  # noqa: S101  (it is what the command promises)
    missed = counts.dropped - counts.torn
    kept = counts.sent - missed
    if config.pcie.deadline_s is None and improbable(counts.torn, kept, torn_share):
        yield f"chance: {counts.torn} of {kept} frames are torn, of which the share should be {torn_share}"
    if missed < missed_share * counts.sent and improbable(missed, counts.sent, missed_share):
        yield f"chance: {missed} of {counts.sent} frames are missed, of which the share should be {missed_share}"


def improbable(count: int, trials: int, share: float) -> bool:
    """Tell whether ``count`` of ``trials`` is as good as never, where each comes true with the chance ``share``."""
    if not 0.0 < share < 1.0:
        return count != share * trials
    if trials == 0:
        return False
    found = count / trials
    parts = ((found, share), (1.0 - found, 1.0 - share))
    divergence = sum(q * math.log(q / p) for q, p in parts if q)
    return math.exp(-trials * divergence) < _CHANCE


def _noise(lab: Lab, seed: int) -> Iterator[str]:
    """Ask a chip twice for the same: with thermal noise and no converter no two readings are alike."""
    stand = lab["chip"]
    config: ChipConfig = stand.config
    if config.receiver.adc_bits or not config.receiver.thermal_noise_a_per_sqrt_hz:
        return
    bench = Bench(lab, seed)
    inputs = np.full((2, stand.design.values), 0.5 * min(1.0, config.activation_clip))
    asked = Forward(Batch(0, inputs, np.zeros(2, dtype=np.int64)))
    one, other = bench.ask(asked), bench.ask(asked)
    assert isinstance(one, Reading) and isinstance(other, Reading)  # noqa: S101, PT018  (what Forward promises)
    if not (one.saturated or other.saturated) and one.outputs.tobytes() == other.outputs.tobytes():
        yield "noise: two readings of the same are alike bit for bit"
