"""Iterations that a host closed, asked for as its sequencer would have run them, and the other way round.

Row for row the two do the same: a reading, then a probe for every phase that is tried, and a setting and a settling
for one that goes home unread. What differs is the work: what goes over the link, and when the host thinks.
"""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.chip.timing import PATCHES
from emulator.instruments.retiming import Asked, Reloop

__all__ = ["LOOPS"]

_READING: Final = ("samples", "upload", "modes", "classes", "layers")
_NO_ITERATION: Final = (
    "controller.loop: the chip's recorded commands are no iterations of one reading and probes of one heater each; "
    "run the study with it instead"
)

_Rule = Callable[[list[int]], tuple[str, dict[str, int]]]


def _by_sequencer(config: ChipConfig, asked: Asked, unvisited: int) -> Reloop:
    """Return ``asked``, the commands of a host, as rows of Sequences; the last had ``unvisited`` heaters more."""
    fits = np.array([_is_single(kind, work) for kind, work in zip(asked.kinds, asked.works, strict=True)])
    kind = np.array(asked.kinds)[asked.plan]
    first = kind == "forward"
    if len(kind) and not (fits[asked.plan].all() and first[0]):
        raise ConfigError(_NO_ITERATION)
    group = np.cumsum(first) - 1
    last = np.append(first[1:], True)[: len(first)]
    visits = _visits(kind, asked.target, group)
    visits[-1:] += unvisited
    reading = asked.plan[first][group]  # the plan of the reading with which each row's iteration begins
    keys = np.stack([asked.plan, first, last, np.where(first | last, visits[group], 0), reading], axis=1)

    def work(key: list[int]) -> tuple[str, dict[str, int]]:
        plan, begins, ends, count, opening = key
        whole = asked.works[opening]
        return asked.kinds[plan], {
            "sequencer": 1, "first": begins, "last": ends, "visits": count, "decides": 1, "heaters": 1,
            **_reading(whole), "upload": whole["upload"] * begins,
        }  # fmt: skip

    return Reloop(_rewritten(asked, keys, work), _cautions(config))


def _by_host(config: ChipConfig, asked: Asked, unvisited: int) -> Reloop:
    """Return ``asked``, rows of Sequences, as the commands of a host that decides upon each reading."""
    del unvisited
    if not all(work.get("sequencer") and work["decides"] for work in asked.works):
        raise ConfigError(_NO_ITERATION)

    def work(key: list[int]) -> tuple[str, dict[str, int]]:
        kind, whole = asked.kinds[key[0]], asked.works[key[0]]
        moves = {"heaters": whole["heaters"]} if kind in {"set_phases", "probe"} else {}
        reads = _reading(whole) if kind in {"forward", "probe"} else {}
        return kind, {"asked": 0} if kind == "settle" else {**moves, **reads}

    return Reloop(_rewritten(asked, asked.plan[:, np.newaxis], work), _cautions(config))


def _reading(work: Mapping[str, int]) -> dict[str, int]:
    """Return what of ``work`` a reading asks for."""
    patches = {name: count for name, count in work.items() if name.startswith(PATCHES)}
    return {name: work[name] for name in _READING} | patches


def _is_single(kind: str, work: Mapping[str, int]) -> bool:
    """Tell whether a host of a coordinate descent asks for such a command."""
    if work.get("sequencer") or work.get("asked"):
        return False
    return kind in {"forward", "settle"} or work.get("heaters") == 1


def _visits(kind: NDArray[np.str_], target: NDArray[np.int64], group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many heaters each iteration visited; the rows of a visit stand together."""
    moves = np.flatnonzero((kind == "probe") | (kind == "set_phases"))
    heater, of = target[moves], group[moves]
    fresh = np.append(True, (heater[1:] != heater[:-1]) | (of[1:] != of[:-1]))[: len(moves)]
    return np.bincount(of[fresh], minlength=int(group.max(initial=-1)) + 1)


def _rewritten(asked: Asked, keys: NDArray[np.int64], work: _Rule) -> Asked:
    """Return ``asked`` with the kind and work that ``work`` gives for each row's key, in plans of their own."""
    different, which = np.unique(keys, axis=0, return_inverse=True)
    numbers: dict[tuple[str, tuple[tuple[str, int], ...]], int] = {}
    of = np.empty(len(different), dtype=np.int64)
    for place, key in enumerate(different.tolist()):
        kind, amounts = work(key)
        of[place] = numbers.setdefault((kind, tuple(amounts.items())), len(numbers))
    return Asked(
        tuple(kind for kind, _ in numbers),
        tuple(dict(amounts) for _, amounts in numbers),
        of[which.ravel()],
        asked.target,
    )


def _cautions(config: ChipConfig) -> tuple[str, ...]:
    if config.heaters.dynamics != "dynamic":
        return ()
    return (
        "another loop leaves heaters another time between a change and its reading; the recorded readings are kept",
    )


LOOPS: Final = {"sequencer": _by_sequencer, "host": _by_host}
"""Who may close a loop, and what turns recorded commands into what is asked for then."""
