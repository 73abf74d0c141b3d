"""Plans are numbered once, expanded exactly and merged in order."""

import numpy as np
import pytest

from emulator.errors import TraceError
from emulator.plan import Step
from emulator.trace.plans import PlanBook, expand_plans, freed_ps, merge_spans
from emulator.trace.schema import NO_PLAN, REMAINDER, Commands, Plans, Spans
from tests.trace_builders import small_trace

NOTHING = np.empty(0, np.int64)


def test_the_empty_plan_is_number_zero() -> None:
    assert PlanBook().find(()) == NO_PLAN


def test_a_plan_is_numbered_once() -> None:
    book = PlanBook()
    steps = (Step("link", "transfer", 3), Step("chip", "settle", REMAINDER))
    assert book.find(steps) is None
    assert book.add(steps) == 1
    assert book.find(steps) == 1
    assert (book.fixed_ps[1], book.flexible[1]) == (3, True)


def test_two_owners_of_equal_plans_have_one_each() -> None:
    book, work = PlanBook(), (("disturbed", 1),)
    assert book.add((), work, "chip.disturb.gamma") == 1
    assert book.find((), work, "opu.disturb.responsivity") is None
    assert book.add((), work, "opu.disturb.responsivity") == 2


def test_plans_run_out_with_a_hint() -> None:
    book = PlanBook()
    book._numbers.update({((str(number), "", 0),): number for number in range(1, 2**16)})
    with pytest.raises(TraceError, match="belong in span"):
        book.add((Step("link", "transfer", 3),))


def test_no_commands_expand_to_no_spans() -> None:
    nothing = NOTHING.astype(np.uint8)
    commands = Commands(
        nothing, nothing, nothing, nothing.astype(np.uint16), *(NOTHING,) * 4,
        NOTHING.astype(np.int32), NOTHING.astype(float), NOTHING.astype(float),
    )  # fmt: skip
    plans = Plans(nothing.astype(np.uint16), nothing, nothing, NOTHING, nothing)
    assert len(expand_plans(commands, plans).t_start) == 0


def test_a_bomb_of_spans_is_refused() -> None:
    many = np.zeros(2**15, np.int64)
    byte, real = many.astype(np.uint8), many.astype(float)
    commands = Commands(
        byte, byte, byte, many.astype(np.uint16), many, many, many, many, many.astype(np.int32), real, real
    )
    plans = Plans(many.astype(np.uint16), byte, byte, many, byte)
    with pytest.raises(TraceError, match="1073741824 spans"):
        expand_plans(commands, plans)


def test_merged_spans_are_sorted_by_start_and_then_command() -> None:
    def one(start: int, command: int) -> Spans:
        byte = np.array([command], np.uint8)
        return Spans(byte, byte, np.array([start]), np.array([start + 1]), np.array([command]))

    merged = merge_spans(merge_spans(one(5, 2), one(5, 1)), one(0, 3))
    np.testing.assert_array_equal(merged.command, [3, 1, 2])
    np.testing.assert_array_equal(merged.resource, [3, 1, 2])
    np.testing.assert_array_equal(merged.t_end, [1, 6, 6])


@pytest.mark.parametrize(
    ("steps", "freed"),
    [
        ([(0, 0, 3), (0, 0, 4)], 12),  # all of it held the instrument
        ([(0, 0, 3), (0, 1, 4)], 8),
        ([(0, 0, REMAINDER), (0, 1, 4)], 8),  # what is left held it
        ([(0, 0, 3), (0, 1, REMAINDER)], 5),  # what is left did not
        ([(0, 0, 3), (0, 1, REMAINDER), (0, 1, 2)], 5),
        ([], 12),
    ],
)
def test_a_command_leaves_its_instrument_when_the_steps_that_hold_it_are_over(
    steps: list[tuple[int, int, int]], freed: int
) -> None:
    plans = [(1, who, what, ps, 1 - what) for who, what, ps in steps]
    trace = small_trace([(0, 0, 0, 1, -1, 0, 2, 12)], plans, 12)
    assert freed_ps(trace.commands, trace.plans).tolist() == [freed]
