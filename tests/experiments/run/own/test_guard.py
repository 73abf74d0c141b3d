"""What stands between a controller and the bench passes on commands, replies and errors, and tells lines."""

import pytest

from emulator.commands import Controller, Log, Settle
from emulator.errors import CommandError, ConfigError, DivergedError
from experiments.run.own.guard import Guarded

HEARD: list[object] = []


def honest() -> Controller:
    """Listen, survive a refusal, and end."""
    HEARD.append((yield Settle()))
    try:
        yield Log("x", 1.0)
    except CommandError as error:
        HEARD.append(str(error))
    yield Settle(3)


def test_commands_replies_and_refusals_go_through() -> None:
    HEARD.clear()
    agent = Guarded("honest", __file__, honest(), brief=True)
    assert agent.send(None) == Settle()
    assert agent.send("reply") == Log("x", 1.0)
    assert agent.throw(CommandError("no")) == Settle(3)
    with pytest.raises(StopIteration):
        agent.send(None)
    assert HEARD == ["reply", "no"]


def inner(what: Exception) -> Controller:
    """Raise ``what`` one generator further in."""
    yield Settle()
    raise what


def outer(what: Exception) -> Controller:
    """Hand over."""
    yield from inner(what)


@pytest.mark.parametrize("brief", [True, False])
@pytest.mark.parametrize("error", [DivergedError("nan"), CommandError("no"), KeyError("k")])
def test_an_error_keeps_its_kind_where_it_is_ours_and_names_the_innermost_line(
    error: Exception, brief: bool
) -> None:
    agent = Guarded("outer", __file__, outer(error), brief=brief)
    agent.send(None)
    wanted = type(error) if not brief or not isinstance(error, KeyError) else ConfigError
    with pytest.raises(wanted) as caught:
        agent.send(None)
    assert (f"test_guard.py line {inner.__code__.co_firstlineno + 3}" in str(caught.value)) is brief


def test_the_line_of_a_first_wrong_yield_is_the_innermost() -> None:
    def bad() -> Controller:
        yield 3  # type: ignore[misc]

    def over() -> Controller:
        yield from bad()

    with pytest.raises(ConfigError, match=f"line {bad.__code__.co_firstlineno + 1}: it yields int 3"):
        Guarded("over", __file__, over(), brief=True)


def test_closing_it_closes_the_controller() -> None:
    closed = []

    def careful() -> Controller:
        try:
            yield Settle()
        finally:
            closed.append(True)

    Guarded("careful", "", careful(), brief=True).close()
    assert closed == [True]
