"""What a run will keep in memory, told from its sizes alone; what cannot fit is refused before any work begins."""

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Final

from controllers.kind import DEPLOYMENT
from emulator.errors import ConfigError
from emulator.instruments.instrument import Scale
from emulator.instruments.registry import INSTRUMENTS
from emulator.units import format_si
from experiments.models import cnn
from experiments.models.registry import MODELS
from experiments.run.preflight.machine import available_bytes
from experiments.run.study import Study
from experiments.tasks.pretraining import training_bytes
from experiments.tasks.task import Task

__all__ = ["needs_of", "refuse_what_cannot_fit", "refuse_what_cannot_stand", "scale_of"]

Needs = Mapping[str, int]

_DIGITS: Final = 3
_SHARE: Final = 0.95
"""Of the memory that can be had, what a run may plan with: the rest is for what nobody counted."""


def scale_of(task: Task, batch: int, sizes: tuple[int, ...] | None = None) -> Scale:
    """Return how large a chip's work on ``task`` is; ``sizes`` are those of its network unless the task's own."""
    layers = task.weight_shapes
    if sizes is not None and not task.feeds:
        layers = tuple((outputs, inputs) for inputs, outputs in pairwise(sizes))
    watched = len(task.x_val) + len(task.x_test)
    return Scale(layers, batch=min(batch, len(task.x_train)), watched=watched, feeds=task.feeds)


def needs_of(
    study: Study, task: Task, hidden: tuple[int, ...] | None = None, batch: int | None = None
) -> Needs:
    """Return the bytes that ``study`` will keep in memory, by what they are for.

    ``hidden`` and ``batch`` take the place of the study's own, to ask what would fit.
    """
    sizes = task.layer_sizes
    if hidden is not None:
        sizes = (sizes[0], *hidden, sizes[-1])
    batch = batch or study.batch_size or len(task.x_train)
    if DEPLOYMENT not in study.kind.needs:
        blueprint = task.blueprint(study.task.heads, hidden)
        return {"weights and their training": MODELS[study.task.model].training_bytes(blueprint, batch)}
    scale = scale_of(task, batch, sizes)
    samples = len(task.x_train)
    if task.feeds:
        training = cnn.training_bytes(task.weight_shapes, task.feeds, samples, max(batch, len(task.x_val)))
    else:
        training = training_bytes(sizes, samples)
    needs = {"training of the electronic network": training}
    for name, config in study.standing().items():
        needs |= INSTRUMENTS[name].memory(config, scale)
    return needs


def refuse_what_cannot_fit(study: Study, task: Task, available: int | None = None) -> None:
    """Raise ``ConfigError`` if ``study`` needs more memory than can be had, and say what would fit.

    ``available`` bytes; None asks the computer.
    """
    room = _room(available)
    if room is None or sum(needs_of(study, task).values()) <= room:
        return
    listed = _listed(needs_of(study, task), room)
    raise ConfigError(f"the network {task.network} is refused: {listed}. {_advice(study, task, room)}")


def refuse_what_cannot_stand(
    study: Study, sizes: Mapping[str, tuple[int, ...]], available: int | None = None
) -> None:
    """Raise ``ConfigError`` if instruments that are built to the controller's ``sizes`` do not fit in memory."""
    room = _room(available)
    for name, config in study.standing().items():
        if name in sizes and room is not None:
            needs = INSTRUMENTS[name].memory(config, Scale(sizes=sizes[name], batch=study.batch_size or 1))
            if sum(needs.values()) > room:
                raise ConfigError(f"the {name} is refused: {_listed(needs, room)}")


def _room(available: int | None) -> int | None:
    found = available_bytes() if available is None else available
    return None if found is None else int(_SHARE * found)


def _listed(needs: Needs, room: int) -> str:
    total, most = (format_si(size, "B", _DIGITS) for size in (sum(needs.values()), room))
    parts = sorted(needs.items(), key=lambda item: -item[1])
    listed = ", ".join(f"{what} {format_si(size, 'B', _DIGITS)}" for what, size in parts)
    return f"it needs {total} of memory, and {most} can be had: {listed}"


def _advice(study: Study, task: Task, room: int) -> str:
    hidden, batch = () if task.feeds else task.layer_sizes[1:-1], study.batch_size or len(task.x_train)

    def fits(units: tuple[int, ...], samples: int) -> bool:
        return sum(needs_of(study, task, units, samples).values()) <= room

    if fits(hidden, 1):
        return (
            f"What would fit: controller.batch_size = {_largest(range(1, batch), lambda n: fits(hidden, n))}"
        )
    shares = range(1, _STEPS)
    if hidden and fits(_shrunk(hidden, 1), batch):
        units = _shrunk(hidden, _largest(shares, lambda share: fits(_shrunk(hidden, share), batch)))
        return f"What would fit: task.hidden = {list(units)}"
    return "No smaller network would do: choose a task with fewer inputs, or a machine with more memory"


_STEPS: Final = 1000
"""In how many steps hidden layers are made smaller, all by the same share."""


def _shrunk(hidden: Iterable[int], share: int) -> tuple[int, ...]:
    return tuple(max(1, units * share // _STEPS) for units in hidden)


def _largest(candidates: range, fits: Callable[[int], bool]) -> int:
    """Return the largest of ``candidates`` that fits, where the smallest does; bisection."""
    low, high = 0, len(candidates) - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(candidates[middle]) else (low, middle - 1)
    return candidates[low]
