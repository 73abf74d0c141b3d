"""An optical processing unit at the end of a wire."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from emulator.commands import Project, Projection
from emulator.errors import CommandError
from emulator.instruments.instrument import Setting
from emulator.instruments.opu.timing import OpuDesign
from emulator.remote.client.link import Link
from emulator.remote.client.phrases import Values
from emulator.remote.client.relays.relay import PREFIX, Relay, Told
from emulator.trace import AnyRecorder

__all__ = ["RemoteOpu"]


class RemoteOpu(Relay):
    """Have a unit elsewhere, which is taken to be of ``design``, project vectors."""

    resource = "opu"
    kinds: Mapping[type, str] = {Project: f"{PREFIX}project"}
    counts: Mapping[str, str] = {f"{PREFIX}project": "target"}

    def __init__(self, link: Link, design: OpuDesign, setting: Setting) -> None:
        super().__init__(link, setting)
        self.design = design

    def values(self, command: Project) -> Values:
        """Return the vectors, one behind the other; raises ``CommandError`` for what are none."""
        vectors, features = command.vectors, self.design.features
        if not isinstance(vectors, np.ndarray) or vectors.ndim != 2 or vectors.shape[1] != features:
            raise CommandError(f"Project: the unit takes vectors of the shape (n >= 1, {features})")
        return {"vectors": vectors, "draw": command.draw}

    def told(self, command: Project, reply: Projection) -> Told:
        """Return what the trace keeps of a projection, and count its vectors."""
        vectors = command.vectors.copy()
        self.queries += len(vectors)
        note = partial(_note, vectors, reply)
        return Told(len(vectors), float(reply.frames.used), float(reply.outputs.sum(dtype=np.float64)), note)


def _note(vectors: Any, reply: Projection, recorder: AnyRecorder) -> None:
    recorder.frames(reply.frames)
    recorder.patterns(vectors)
