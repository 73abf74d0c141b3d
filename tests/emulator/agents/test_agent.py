"""What an agent is: everything else is refused by name, and what an agent raises comes out as it was raised."""

import json
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.agents.agent import Failed, checked_agents
from emulator.commands import Controller, Join, Settle, Start
from emulator.errors import CommandError, PhysicsError
from emulator.instruments.chip.chip import Chip
from emulator.trace.open import open_trace
from emulator.trace.writing.header import Header
from emulator.trace.writing.recorder import Recorder
from tests.bench_lab import SmallLab, queries


def agent() -> Controller:
    yield Settle(1)


async def coroutine() -> None:
    pass


async def async_generator() -> AsyncGenerator[Settle, None]:
    yield Settle(1)


class Bare:
    """Have some of a generator's methods."""

    def send(self, message: object) -> Settle:
        del message
        return Settle(1)


@pytest.mark.parametrize(
    "agents",
    [
        {},
        [],
        None,
        agent,
        [agent],
        {"a": None},
        {"a": [Settle(1)]},
        {"a": (Settle(1), Settle(1))},
        {"a": agent},
        {"a": Bare()},
        {"a": async_generator()},
        {"a": iter([Settle(1)])},
        {"a": 3},
        {str(number): None for number in range(257)},
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_is_no_agent_is_refused_and_told_what_one_is(lab: SmallLab, agents: Any) -> None:
    with pytest.raises(CommandError, match="an agent is a generator that yields commands: call"):
        checked_agents(agents)
    bench = lab.bench()
    with pytest.raises(CommandError, match="an agent is a generator"):
        bench.run(agents)
    assert bench.recorder.closings[0][0] == "failed"  # type: ignore[union-attr]


def test_a_coroutine_is_no_agent() -> None:
    one = coroutine()
    with pytest.raises(CommandError, match="'a' is coroutine"):
        checked_agents({"a": one})  # type: ignore[dict-item]
    one.close()


def test_one_generator_is_no_two_agents() -> None:
    one = agent()
    with pytest.raises(CommandError, match="'b' and 'a' are one and the same"):
        checked_agents({"a": one, "b": one})


@pytest.mark.parametrize("name", ["", "a\n", "x" * 65, 3, None, 'a"'])
def test_a_name_that_no_trace_could_hold_is_refused(name: Any) -> None:
    with pytest.raises(CommandError, match=r"agents: .*name"):
        checked_agents({name: agent()})


class Own(Exception):  # noqa: N818
    """Take what its ``args`` do not give back."""

    def __init__(self, what: str, *, where: int) -> None:
        super().__init__(f"{what} at {where}")
        self.where = where


def own_error() -> None:
    try:
        raise KeyError("deeper")
    except KeyError as error:
        raise Own("lost", where=7) from error


ERRORS: dict[str, Callable[[], object]] = {
    "JSONDecodeError": lambda: json.loads("{"),
    "UnicodeDecodeError": b"\xff".decode,
    "Own": own_error,
    "ExceptionGroup": lambda: (_ for _ in ()).throw(ExceptionGroup("many", [ValueError("one")])),
}


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("is_main", [True, False])
def test_an_agents_error_comes_out_as_it_was_raised_with_its_cause_and_its_agent(
    lab: SmallLab, tmp_path: Path, kind: str, is_main: bool
) -> None:
    raised: list[Exception] = []

    def faulty() -> Controller:
        yield Settle(10)
        try:
            ERRORS[kind]()
        except Exception as error:
            raised.append(error)
            raise

    out = tmp_path / "run.h5"
    bench = lab.unattended()
    agents = {"culprit": faulty()} if is_main else {"main": queries(100), "culprit": faulty()}
    with pytest.raises(Exception, match=r"\w") as caught:
        bench.run(agents, recorder=Recorder.create(out, Header("", 0, "", (), "")))
    assert caught.value is raised[0]
    assert (caught.value.__cause__ is None) == (kind != "Own")
    assert "raised by the agent 'culprit'" in "".join(caught.value.__notes__)
    with open_trace(out) as trace:
        assert trace.status == "failed"
        assert "raised by the agent 'culprit'" in trace.reason
        assert kind in trace.reason


def test_an_error_of_a_started_command_comes_out_whether_it_is_joined_or_not(
    lab: SmallLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    for joins in (True, False):
        lost = Own("lost", where=1)

        def fail(*_: object, lost: Own = lost) -> None:
            raise lost

        def starter(joins: bool = joins) -> Controller:
            ticket = yield Start(Settle(5))
            yield Join(ticket) if joins else Settle(50)

        with monkeypatch.context() as patch:
            patch.setattr(Chip, "run", fail)
            with pytest.raises(Own) as caught:
                lab.bench().run({"a": starter()})
        assert caught.value is lost


def test_what_is_carried_already_stays() -> None:
    first = Failed.of("a", PhysicsError("p"))
    assert Failed.of("b", first) is first
    assert first.error.__notes__ == ["This was raised by the agent 'a'."]
