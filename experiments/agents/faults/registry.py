"""The faults by name; adding one is one entry of a file here, and a file is one line."""

from collections.abc import Mapping

from experiments.agents.faults import detectors, frames, heaters, laser, links, media
from experiments.agents.faults.fault import FaultKind

__all__ = ["FAULTS"]

FAULTS: Mapping[str, FaultKind] = {
    kind.name: kind
    for kinds in (heaters.KINDS, detectors.KINDS, laser.KINDS, media.KINDS, frames.KINDS, links.KINDS)
    for kind in kinds
}
"""Faults that an agent may play."""
