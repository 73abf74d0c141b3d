"""Agents that ask for anything, and ears that note every command with its reply; nothing is judged here."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emulator.bench import Bench
from emulator.commands import (
    Batch,
    Command,
    Compute,
    Controller,
    Descent,
    Disturb,
    Forward,
    Incumbent,
    Join,
    Log,
    Monitor,
    Probe,
    Project,
    Sequence,
    SetPhases,
    Settle,
    Spending,
    Start,
    Wait,
)
from emulator.errors import CommandError
from emulator.instruments.registry import INSTRUMENTS
from emulator.units import PS_PER_S
from experiments.check.endurance.draws import FAULT_CHANCE, Plant

__all__ = ["Ears", "Heard", "disturber", "wanderer"]

_TURN: Final = 2.0 * np.pi
_BATCHES: Final = 3
_SAMPLES: Final = 6
_REFUSED_CHANCE: Final = 0.05
_START_CHANCE: Final = 0.25
_LONGEST_WAIT_PS: Final = PS_PER_S // 500
_VALUES: Final = (0.0, 0.5, 1.0, 1.02, 0.98, 2.0, -1.0)
_TRIES: Final = 12


@dataclass(slots=True)
class Heard:
    """Note one command of an agent: when it asked, and when which reply or refusal came, if one did."""

    agent: str
    command: Command
    issued_ps: int
    done_ps: int = -1
    reply: Any = None
    refusal: str = ""
    replies: int = 0


@dataclass(slots=True)
class Ears:
    """Hear all agents of a bench; ``now`` tells the emulated time."""

    now: Callable[[], int]
    heard: list[Heard] = field(default_factory=list)

    def listened(self, name: str, agent: Controller) -> Controller:
        """Return ``agent``, of which everything is noted."""
        answer: Any = None
        refusal: CommandError | None = None
        while True:
            try:
                command = agent.send(answer) if refusal is None else agent.throw(refusal)
            except StopIteration:
                return
            note = Heard(name, command, self.now())
            self.heard.append(note)
            answer, refusal = None, None
            try:
                answer = yield command
                note.reply = answer
            except CommandError as error:
                refusal, note.refusal = error, str(error) or type(error).__name__
            note.replies += 1
            note.done_ps = self.now()


def disturber(bench: Bench, plant: Plant, rng: np.random.Generator) -> Controller | None:
    """Return an agent that changes hidden state now and then, or None where no fault is drawn."""
    drawn = [
        f"{name}.{state}"
        for name in plant.lab
        for state in INSTRUMENTS[name].disturbs
        if rng.random() < FAULT_CHANCE
    ]
    faults = [fault for target in drawn if (fault := _fault(bench, target, rng)) is not None]
    return _disturbing(faults, rng) if faults else None


def _fault(bench: Bench, target: str, rng: np.random.Generator) -> Disturb | None:
    """Return a change of ``target`` that the bench would carry out, found by asking."""
    for _ in range(_TRIES):
        index = int(rng.integers(-1, 20))
        wanted = Disturb(target, _VALUES[int(rng.integers(len(_VALUES)))], index)
        try:
            bench.check(wanted)
        except CommandError:
            continue
        return wanted
    return None


def _disturbing(faults: list[Disturb], rng: np.random.Generator) -> Controller:
    at_ps = 0
    for _ in range(4):
        at_ps += int(rng.integers(_LONGEST_WAIT_PS))
        yield Wait(at_ps)
        yield faults[int(rng.integers(len(faults)))]


@dataclass
class _Asking:
    """What one agent knows of the bench, and how it makes commands of it."""

    plant: Plant
    rng: np.random.Generator
    number: int
    starts: bool = False
    """Whether the next command will be started: whether such a one was refused is told only to who joins it."""

    def __post_init__(self) -> None:
        makers: list[Callable[[], Command]] = [self._compute, self._log, self._wait, Spending]
        if (chip := self.plant.lab.get("chip")) is not None:
            self.active = np.flatnonzero(chip.design.active)
            self.classes = chip.design.layers[-1].shape[0]
            self.clip = chip.config.activation_clip
            self.batches = [self._batch(chip.design.values, key) for key in range(_BATCHES)]
            makers += [self._set, self._settle, self._forward, self._probe, self._probe, self._sequence]
            makers += [self._incumbent]
            if chip.config.monitors.fitted:
                makers += [self._monitor]
        if (unit := self.plant.lab.get("opu")) is not None:
            self.features, self.shows = unit.design.features, unit.design.shows
            makers += [self._project] * 4
        self.makers = makers

    def one(self) -> Command:
        """Return a command, of which few will be refused."""
        return self.makers[int(self.rng.integers(len(self.makers)))]()

    def _slips(self) -> bool:
        return self.rng.random() < _REFUSED_CHANCE and not self.starts

    def _batch(self, modes: int, key: int) -> Batch:
        samples = int(self.rng.integers(1, _SAMPLES))
        inputs = self.rng.random((samples, modes)) * min(1.0, self.clip)
        return Batch(100 * self.number + key, inputs, self.rng.integers(self.classes, size=samples))

    def _some(self, most: int) -> NDArray[np.int64]:
        count = int(self.rng.integers(1, 1 + min(most, self.active.size)))
        return np.asarray(self.rng.permutation(self.active)[:count])

    def _phases(self, count: int) -> NDArray[np.float64]:
        return np.asarray(self.rng.uniform(-0.5, _TURN + 0.5, size=count))

    def _pick(self) -> Batch:
        return self.batches[int(self.rng.integers(len(self.batches)))]

    def _set(self) -> Command:
        heaters = self._some(3)
        radians = self._phases(heaters.size)
        if self._slips():
            radians[0] = np.nan
        return SetPhases(heaters.tolist(), radians.tolist())

    def _settle(self) -> Command:
        return Settle(None if self.rng.random() < 0.5 else int(self.rng.integers(10**8)))

    def _forward(self) -> Command:
        return Forward(self._pick())

    def _probe(self) -> Command:
        heaters = self._some(2)
        return Probe(heaters.tolist(), self._phases(heaters.size).tolist(), self._pick())

    def _sequence(self) -> Command:
        visits = int(self.rng.integers(1, 5))
        decides = self.rng.random() < 0.5
        width = 1 if decides else int(self.rng.integers(1, 1 + min(2, self.active.size)))
        heaters = np.stack([self.rng.permutation(self.active)[:width] for _ in range(visits)])
        radians = self._phases(heaters.size).reshape(heaters.shape) % _TURN
        if not decides:
            return Sequence(heaters, radians, self._pick())
        rule = ("step_back", "three_point", "best_of_both")[int(self.rng.integers(3))]
        back, home = self._phases(2 * visits).reshape(2, visits) % _TURN
        decide = Descent(rule, back, home, self.rng.random(visits) < 0.3, int(self.rng.integers(1, 9)))  # type: ignore[arg-type]  # a word of three
        return Sequence(heaters, radians, self._pick(), decide)

    def _monitor(self) -> Command:
        return Monitor("forward", self._pick())

    def _incumbent(self) -> Command:
        heaters = self._some(3)
        return Incumbent(self._phases(heaters.size), heaters)

    def _project(self) -> Command:
        shape = int(self.rng.integers(1, 6)), self.features
        vectors = (self.rng.random(shape) < 0.5).astype(np.float32)
        if self.shows != "binary":
            vectors *= np.where(self.rng.random(shape) < 0.5, -1, 1)
        if self.shows == "any":
            vectors *= self.rng.random(shape)
        if self._slips():
            vectors[0, 0] = np.inf
        return Project(vectors.astype(np.float32))

    def _compute(self) -> Command:
        return Compute(int(self.rng.integers(10**6)), int(self.rng.integers(10**5)))

    def _log(self) -> Command:
        return Log(f"number_{self.number}", float(self.rng.random()))

    def _wait(self) -> Command:
        return Wait(int(self.rng.integers(_LONGEST_WAIT_PS)))


def wanderer(plant: Plant, rng: np.random.Generator, number: int, words: int) -> Controller:
    """Ask ``words`` commands of ``plant`` at random, some of them started, and join what was started."""
    asking, tickets = _Asking(plant, rng, number), []
    for _ in range(words):
        asking.starts = rng.random() < _START_CHANCE
        command = asking.one()
        startable = any(type(command) in kind.commands for kind in INSTRUMENTS.values())
        decided = isinstance(command, Sequence) and command.decide is not None
        with suppress(CommandError):
            if startable and not decided and asking.starts:
                tickets.append((yield Start(command)))  # type: ignore[arg-type]  # it is served by an instrument
            else:
                yield command
    for ticket in tickets:
        with suppress(CommandError):
            yield Join(ticket)
