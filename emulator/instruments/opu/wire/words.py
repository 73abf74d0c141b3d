"""How an optical processing unit is spoken to over a wire: vectors, one behind the other, and what they become."""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.commands import FrameCounts, Project, ProjectFrames
from emulator.errors import CommandError
from emulator.instruments.opu.opu import Opu
from emulator.instruments.wire import Given, Look, Said, Taken, Verb, Words

__all__ = ["WORDS"]


def _project(opu: Opu, said: Said, notes: Mapping[str, Any]) -> Project:
    """Return the projection of the numbers that were said, as many vectors as they make."""
    del notes
    features, numbers = opu.design.features, said["vectors"]
    if numbers.size == 0 or numbers.size % features:
        raise CommandError(
            f"Project: {numbers.size} numbers are no vectors; allowed: a multiple of {features}, vector by vector"
        )
    vectors: NDArray[np.float32] = numbers.astype(np.float32).reshape(-1, features)
    if not np.array_equal(vectors, numbers.reshape(vectors.shape), equal_nan=True):
        raise CommandError(
            "Project: a number is no float32; allowed: numbers that 32 bits hold, such as 0 and 1"
        )
    return Project(vectors, said.get("draw"))


def _expose(opu: Opu, said: Said, notes: Mapping[str, Any]) -> ProjectFrames:
    del opu, notes
    return ProjectFrames(said["vectors"], said.get("dark", 0))


def _all(counts: FrameCounts) -> FrameCounts:
    return counts


def _size(opu: Opu, said: Said) -> list[int]:
    del said
    return [opu.design.features, opu.design.outputs]


WORDS = Words(
    root="OPU",
    verbs=(
        Verb(
            "PROJect",
            Project,
            "Projects vectors; the answer is one row of outputs a vector.",
            (
                Taken("vectors", "numbers", "the vectors, one behind the other"),
                Taken(
                    "draw",
                    "whole",
                    "number of the first vector's noise; it counts on by itself",
                    optional=True,
                ),
            ),
            (
                Given("OUTPuts", "numbers", "the outputs, vector by vector", attrgetter("outputs")),
                Given(
                    "VALid",
                    "numbers",
                    "1 for each vector whose frames came, else 0",
                    attrgetter("valid"),
                ),
                Given(
                    "FRAMes",
                    "numbers",
                    "vectors, skipped, and frames sent, used, dropped, late, torn",
                    attrgetter("frames"),
                ),
                Given(
                    "SATurated", "whole", "pixels at the end of the camera's range", attrgetter("saturated")
                ),
            ),
            _project,
        ),
        Verb(
            "EXPose",
            ProjectFrames,
            "Sends the frames of so many projections, and asks nothing of their light.",
            (
                Taken("vectors", "whole", "how many vectors"),
                Taken("dark", "whole", "how many of them are zero everywhere", optional=True),
            ),
            (
                Given(
                    "FRAMes", "numbers", "vectors, skipped, and frames sent, used, dropped, late, torn", _all
                ),
            ),
            _expose,
        ),
    ),
    looks=(Look("SIZE", "numbers", "values of a vector, and outputs", _size),),
)
