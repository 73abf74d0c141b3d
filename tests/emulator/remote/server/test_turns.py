"""Turns: who has used least goes first, and a turn has an end."""

import asyncio
from collections.abc import Callable

import pytest

from emulator.remote.server.turns import Share, Turns

LOOP = asyncio.new_event_loop()


class Clock:
    """A loop that tells the time that it is told, and does what is asked for when it is told to."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.asked: list[Callable[[], None]] = []

    def time(self) -> float:
        return self.now_s

    def call_soon(self, call: Callable[[], None]) -> asyncio.Handle:
        self.asked.append(call)
        return asyncio.Handle(call, (), LOOP)

    def go_on(self) -> None:
        self.asked.pop()()


class Client:
    """A client with messages that take ``cost_s`` each."""

    def __init__(self, clock: Clock, log: list[str], name: str, messages: int, cost_s: float) -> None:
        self.share = Share(1.0)
        self._clock, self._log, self._name = clock, log, name
        self.messages, self._cost_s = messages, cost_s

    def take_turn(self) -> bool:
        self._clock.now_s += self._cost_s
        self._log.append(self._name)
        self.messages -= 1
        return self.messages > 0


def test_who_asks_now_and_then_waits_for_one_message_of_who_floods() -> None:
    clock, log = Clock(), list[str]()
    turns = Turns(clock, 1e-3)  # type: ignore[arg-type]
    floods = [Client(clock, log, "flood", 50, 2e-3) for _ in range(5)]
    for flood in floods:
        turns.ask(flood)
    for _ in range(20):
        clock.go_on()
    for _ in range(3):
        turns.ask(Client(clock, log, "honest", 1, 1e-4))
        clock.go_on()
        assert log[-2] == "honest" or log[-1] == "honest"
    assert log.count("honest") == 3


def test_everybody_is_served_in_the_end() -> None:
    clock, log = Clock(), list[str]()
    turns = Turns(clock, 1e-3)  # type: ignore[arg-type]
    for number in range(4):
        turns.ask(Client(clock, log, f"{number}", 10, 3e-4))
    while clock.asked:
        clock.go_on()
    assert {name: log.count(name) for name in "0123"} == dict.fromkeys("0123", 10)


def test_who_is_forgotten_has_no_turn() -> None:
    clock, log = Clock(), list[str]()
    turns = Turns(clock, 1.0)  # type: ignore[arg-type]
    first, second = Client(clock, log, "first", 1, 0.1), Client(clock, log, "second", 1, 0.1)
    turns.ask(first)
    turns.ask(second)
    turns.forget(first)
    clock.go_on()
    assert log == ["second"]


def test_what_was_used_is_forgotten_in_time() -> None:
    share = Share(2.0)
    share.use(0.0, 1.0)
    assert share.at(1.0) == 1.0
    assert share.at(3.0) == pytest.approx(0.36788, abs=1e-5)
