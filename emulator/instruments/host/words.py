"""How a host is spoken to over a wire."""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from emulator.commands import Compute, Computed
from emulator.instruments.wire import Given, Said, Taken, Verb, Words

__all__ = ["WORDS"]


def _compute(host: object, said: Said, notes: Mapping[str, Any]) -> Compute:
    del host, notes
    return Compute(said["flops"], said["bytes"], said.get("activity", "compute"))


WORDS = Words(
    root="HOST",
    verbs=(
        Verb(
            "COMPute",
            Compute,
            "Computes: operations, and bytes of memory that they touch.",
            (
                Taken("flops", "whole", "floating-point operations"),
                Taken("bytes", "whole", "bytes of memory"),
                Taken("activity", "text", "what they are for", optional=True),
            ),
            (Given("DURation", "seconds", "how long it took", attrgetter(Computed._fields[0])),),
            _compute,
        ),
    ),
)
