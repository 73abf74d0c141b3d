"""An agent hears what comes from outside, in its order, and at no cost to the run."""

from emulator.agents.listening import Inbox, Listen
from emulator.bench_config import BudgetConfig
from emulator.clock import PacedClock
from emulator.commands import Controller, Settle
from tests.bench_lab import SmallLab
from tests.wire_lab import small_bench


def hearing(inbox: Inbox, heard: list[bytes | None]) -> Controller:
    while (message := (yield Listen(inbox))) is not None:  # type: ignore[misc]  # no word of a controller
        heard.append(message)
        yield Settle(1_000_000)
    heard.append(None)


def test_it_hears_in_order_and_no_budget_counts_that_it_listened(lab: SmallLab) -> None:
    del lab
    bench, inbox, heard = small_bench(budget=BudgetConfig(commands=3)), Inbox(), list[bytes | None]()
    bench.open({"one": hearing(inbox, heard)})
    clock = bench.clock
    assert isinstance(clock, PacedClock)
    inbox.put(b"a")
    inbox.put(b"b")
    while clock.due_ps is not None:
        clock.step()
    assert heard == [b"a", b"b"]
    assert inbox.listening
    inbox.put(b"c")
    inbox.close()
    while clock.due_ps is not None:
        clock.step()
    assert heard[-1] is None
    result = bench.close()
    assert (result.status, result.elapsed_s) == ("complete", 2e-6)


def test_the_end_of_the_run_ends_the_wait() -> None:
    bench, inbox, heard = small_bench(budget=BudgetConfig(commands=1)), Inbox(), list[bytes | None]()
    bench.open({"one": hearing(inbox, heard), "other": hearing(Inbox(), heard)})
    clock = bench.clock
    assert isinstance(clock, PacedClock)
    for _ in range(2):
        inbox.put(b"a")
        while clock.due_ps is not None:
            clock.step()
    assert bench.ended is not None
    assert bench.ended[0] == "budget"
