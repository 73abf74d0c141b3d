"""Tickets: whose they are, how long their replies are kept, and which replies a next command follows from."""

import pytest
import simpy

from emulator.commands import Ticket
from emulator.errors import CommandError
from emulator.instruments.tickets import Tickets
from emulator.instruments.turns import Asker


def idle(environment: simpy.Environment) -> simpy.Process:
    def nothing():  # type: ignore[no-untyped-def]  # SimPy wants a generator
        yield environment.timeout(1)

    return environment.process(nothing())


def test_tickets_are_numbered_in_the_order_in_which_they_are_issued() -> None:
    tickets, environment = Tickets(Asker(0)), simpy.Environment()
    assert [tickets.start(idle(environment)) for _ in range(3)] == [Ticket(0), Ticket(1), Ticket(2)]


def test_a_ticket_that_was_joined_long_ago_is_let_go_and_named_so() -> None:
    tickets, environment = Tickets(Asker(0)), simpy.Environment()
    for row in range(100):
        tickets.join(tickets.start(idle(environment)), row)
    assert tickets.process(Ticket(99)) is not None
    with pytest.raises(CommandError, match="ticket 3 was joined long ago"):
        tickets.process(Ticket(3))
    with pytest.raises(CommandError, match="ticket 100 was never issued to this agent"):
        tickets.process(Ticket(100))


def test_a_ticket_that_waits_for_its_join_is_kept_however_many_come_after_it() -> None:
    tickets, environment = Tickets(Asker(0)), simpy.Environment()
    patient = tickets.start(idle(environment))
    for row in range(100):
        tickets.join(tickets.start(idle(environment)), row)
    assert tickets.process(patient) is not None


def test_replies_that_are_independent_are_all_named_and_the_last_one_is_the_cause() -> None:
    tickets, environment = Tickets(Asker(0, 7)), simpy.Environment()
    both = [tickets.start(idle(environment)) for _ in range(2)]
    tickets.join(both[0], 9)
    tickets.join(both[1], 8)
    assert tickets.asker == Asker(0, 9, (8,))
