"""Threads on one bench: whoever comes second is told so, and nothing of the first one's run changes."""

import threading
from collections.abc import Callable

import pytest

from emulator.bench import Bench
from emulator.commands import Controller, Forward, Settle
from emulator.errors import CommandError
from tests.bench_lab import BATCH, SmallLab, looks, queries

PATIENCE_S = 30.0
"""For how long a test waits for its threads; none waits in vain."""


def in_thread(work: Callable[[], object]) -> BaseException | None:
    """Do ``work`` in a thread of its own, and return what it raised."""
    raised: list[BaseException] = []

    def careful() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  (it is looked at outside)
            raised.append(error)

    thread = threading.Thread(target=careful)
    thread.start()
    thread.join(PATIENCE_S)
    return raised[0] if raised else None


@pytest.mark.parametrize("second", ["run", "ask"])
def test_a_second_thread_is_refused_while_a_bench_runs_and_the_run_is_as_without_it(
    lab: SmallLab, second: str
) -> None:
    def visited() -> Controller:
        yield from queries(3)
        errors.append(in_thread(lambda: VISITS[second](bench)))
        yield from queries(3)

    errors: list[BaseException | None] = []
    bench = lab.bench()
    result = bench.run({"a": visited()})
    [error] = errors
    assert isinstance(error, CommandError)
    assert "in use already" in str(error)
    bench = lab.bench()
    errors.clear()

    def alone() -> Controller:
        yield from queries(3)
        yield from queries(3)

    assert bench.run({"a": alone()}) == result


VISITS: dict[str, Callable[[Bench], object]] = {
    "run": lambda bench: bench.run({"b": looks(1)}),
    "ask": lambda bench: bench.ask(Forward(BATCH)),
}


def test_an_agent_that_asks_its_own_bench_is_refused(lab: SmallLab) -> None:
    def confused() -> Controller:
        with pytest.raises(CommandError, match="in use already"):
            bench.ask(Forward(BATCH))
        yield Settle(1)

    bench = lab.bench()
    assert bench.run({"a": confused()}).status == "complete"


def test_a_bench_is_free_again_after_an_error_and_its_callers_may_be_threads_one_after_the_other(
    lab: SmallLab,
) -> None:
    bench = lab.unattended()
    assert isinstance(in_thread(lambda: bench.ask("nonsense")), CommandError)  # type: ignore[arg-type]
    for number in range(1, 4):
        assert in_thread(lambda: bench.ask(Forward(BATCH))) is None
        assert bench.queries == number
