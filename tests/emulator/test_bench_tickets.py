"""Long work that overlaps: Start gives a ticket at once, Join the reply when it is there."""

import numpy as np
import pytest

from emulator.commands import (
    Controller,
    Forward,
    Join,
    Log,
    Reading,
    SetPhases,
    Settle,
    Settled,
    Start,
    Ticket,
)
from emulator.errors import CommandError
from emulator.units import PS_PER_S
from tests.bench_lab import BATCH, CAUSE, DONE, ISSUED, STARTED, SmallLab

THOUGHT_PS = 5_000_000
"""How long the host of the shared lab thinks upon a query; it idles at 40 W and works at 100 W."""


def test_start_takes_no_time_and_join_waits_for_the_reply(lab: SmallLab) -> None:
    seen = []

    def overlapping() -> Controller:
        ticket = yield Start(Settle(1000))
        seen.append((ticket, bench.now_ps))
        seen.append(((yield Join(ticket)), bench.now_ps))
        seen.append(((yield Join(ticket)), bench.now_ps))

    bench = lab.bench()
    assert bench.run({"a": overlapping()}).status == "complete"
    assert seen == [(Ticket(0), 0), (Settled(1000), 1000), (Settled(1000), 1000)]


def test_started_commands_are_served_in_the_order_in_which_they_were_started(lab: SmallLab) -> None:
    def overlapping() -> Controller:
        first = yield Start(Settle(30))
        second = yield Start(Settle(20))
        tickets = first, second, (yield Start(Settle(10)))
        for ticket, duration_ps in zip(reversed(tickets), (10, 20, 30), strict=True):
            assert (yield Join(ticket)) == Settled(duration_ps)

    outing = lab.run(overlapping)
    assert [row[STARTED] for row in outing.rows.commands] == [0, 30, 50]
    assert [row[DONE] for row in outing.rows.commands] == [30, 50, 60]


def test_a_started_query_reads_what_a_direct_one_reads(lab: SmallLab) -> None:
    readings: list[Reading] = []

    def direct() -> Controller:
        readings.append((yield Forward(BATCH)))

    def started() -> Controller:
        readings.append((yield Join((yield Start(Forward(BATCH))))))

    lab.run(direct)
    lab.run(started)
    np.testing.assert_array_equal(readings[0].outputs, readings[1].outputs)


def test_the_host_thinks_upon_a_started_query_before_its_join_is_answered(lab: SmallLab) -> None:
    """The thought takes its time and its energy, as upon a query that was asked directly."""
    ends: list[int] = []

    def direct() -> Controller:
        yield Forward(BATCH)
        yield Settle(1)

    def started() -> Controller:
        yield Join((yield Start(Forward(BATCH))))
        yield Settle(1)

    for controller in (direct, started):
        outing = lab.run(controller)
        query, after = outing.rows.commands
        assert after[ISSUED] - query[STARTED] >= THOUGHT_PS
        ends.append(after[ISSUED])
        host_j = outing.result.energy_by_component_j["host"]
        idle_j, extra_j = 40.0 * outing.result.elapsed_s, 60.0 * THOUGHT_PS / PS_PER_S
        assert host_j == pytest.approx(idle_j + extra_j, rel=1e-12)
    assert ends[0] == ends[1]


def test_a_ticket_belongs_to_the_agent_that_was_given_it(lab: SmallLab) -> None:
    caught = []

    def owner() -> Controller:
        yield Start(Settle(5))
        yield Settle(1000)

    def thief() -> Controller:
        try:
            yield Join(Ticket(0))
        except CommandError as error:
            caught.append(str(error))

    lab.run(owner, thief)
    assert caught == ["Join: ticket 0 was never issued to this agent"]


def test_what_occupies_no_instrument_cannot_be_started(lab: SmallLab) -> None:
    caught = []

    def confused() -> Controller:
        for command in (Log("loss", 1.0), Start(Settle(1)), Join(Ticket(0))):
            try:
                yield Start(command)  # type: ignore[arg-type]
            except CommandError as error:
                caught.append(str(error))

    lab.run(confused)
    assert [text.split()[1] for text in caught] == ["Log", "Start", "Join"]


def test_the_refusal_of_a_started_command_comes_out_at_its_join(lab: SmallLab) -> None:
    caught = []

    def clumsy() -> Controller:
        ticket = yield Start(SetPhases([99], [0.0]))
        try:
            yield Join(ticket)
        except CommandError as error:
            caught.append(str(error))
        yield Settle(1)

    assert lab.run(clumsy).result.status == "complete"
    assert len(caught) == 1


def test_the_refusal_of_a_started_command_waits_for_its_join(lab: SmallLab) -> None:
    def late() -> Controller:
        ticket = yield Start(SetPhases([99], [0.0]))
        yield Settle(1000)
        yield Settle(1000)
        with pytest.raises(CommandError):
            yield Join(ticket)

    assert lab.run(late).result.status == "complete"


def test_a_started_command_is_served_before_the_agents_next_one(lab: SmallLab) -> None:
    def overlapping() -> Controller:
        ticket = yield Start(Settle(30))
        yield Settle(20)
        yield Join(ticket)

    rows = lab.run(overlapping).rows.commands
    assert [row[DONE] - row[STARTED] for row in rows] == [30, 20]


def test_a_started_command_is_caused_by_what_the_agent_knew_when_it_started_it(lab: SmallLab) -> None:
    def overlapping() -> Controller:
        yield Settle(10)
        first = yield Start(Settle(20))
        second = yield Start(Settle(30))
        yield Join(first)
        yield Join(second)

    rows = lab.run(overlapping).rows.commands
    assert [row[CAUSE] for row in rows] == [-1, 0, 0]
    assert all(row[CAUSE] == -1 or row[ISSUED] >= rows[row[CAUSE]][DONE] for row in rows)
