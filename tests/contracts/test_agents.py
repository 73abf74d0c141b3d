"""The contract that every registered agent keeps: it waits and disturbs, and never looks at a reply."""

import pytest

from emulator.commands import Disturb, Wait
from experiments.agents.kind import AgentKind
from experiments.agents.registry import AGENTS
from tests.contracts.agent_specimens import SPECIMENS, conversation, started

every_kind = pytest.mark.parametrize("kind", AGENTS.values(), ids=lambda kind: kind.name)


def test_every_registered_agent_has_a_specimen() -> None:
    assert set(SPECIMENS) == set(AGENTS)


@every_kind
def test_its_options_are_of_its_kind(kind: AgentKind) -> None:
    assert isinstance(SPECIMENS[kind.name], kind.options)
    assert SPECIMENS[kind.name].kind == kind.name


@every_kind
def test_it_only_waits_and_disturbs(kind: AgentKind) -> None:
    assert {type(command) for command in conversation(started(kind))} <= {Wait, Disturb}


@every_kind
def test_what_it_does_follows_from_its_options_alone(kind: AgentKind) -> None:
    assert conversation(started(kind), "one reply") == conversation(started(kind), "another")


@every_kind
def test_it_never_goes_back_in_time(kind: AgentKind) -> None:
    waits = [command.until_ps for command in conversation(started(kind)) if isinstance(command, Wait)]
    assert waits == sorted(waits)
    assert all(type(until) is int for until in waits)
