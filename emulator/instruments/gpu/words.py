"""How GPUs are spoken to over a wire: one GPU and one kernel at a time."""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from emulator.commands import Computed, Kernel
from emulator.instruments.wire import Given, Said, Taken, Verb, Words

__all__ = ["WORDS"]


def _kernel(gpu: object, said: Said, notes: Mapping[str, Any]) -> Kernel:
    del gpu, notes
    return Kernel(
        said.get("activity", "kernel"),
        said["flops"],
        said["bytes"],
        said.get("launches", 1),
        moved=said.get("moved", 0),
    )


WORDS = Words(
    root="GPU",
    verbs=(
        Verb(
            "KERNel",
            Kernel,
            "Runs kernels: operations in single precision, and bytes of the GPU's memory that they touch.",
            (
                Taken("flops", "whole", "floating-point operations"),
                Taken("bytes", "whole", "bytes of memory"),
                Taken(
                    "launches", "whole", "how many kernels they are; 1 where it is left out", optional=True
                ),
                Taken("moved", "whole", "bytes that pass between host and GPU", optional=True),
                Taken("activity", "text", "what they are for", optional=True),
            ),
            (Given("DURation", "seconds", "how long it took", attrgetter(Computed._fields[0])),),
            _kernel,
        ),
    ),
)
