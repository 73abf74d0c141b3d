"""One conformance suite over three benches: in this process, on loopback, and on a canned transcript."""

from typing import Any

import numpy as np
import pytest

from tests.remote_lab import CASES, Case, Outing, canned, here, on_loopback

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def numbers_of(reply: Any) -> list[Any]:
    """Return what a reply says, times and tickets apart: those are compared for themselves."""
    if not isinstance(reply, tuple) or type(reply).__name__ in {"Spent", "Computed"}:
        return []
    return [np.asarray(value).tolist() for value in reply]


def assert_same(one: Outing, other: Outing) -> None:
    assert [type(reply) for reply in one.replies] == [type(reply) for reply in other.replies]
    for mine, theirs in zip(one.replies, other.replies, strict=True):
        assert repr(numbers_of(mine)) == repr(numbers_of(theirs))  # bit for bit; NaN is NaN
    assert one.result.queries == other.result.queries
    assert len(one.final) == len(other.final) > 0
    for mine, theirs in zip(one.final, other.final, strict=True):
        assert mine.tobytes() == theirs.tobytes()
    assert [(n, v) for n, _, _, v in one.rows.metrics] == [(n, v) for n, _, _, v in other.rows.metrics]


@every_case
def test_a_controller_reads_and_ends_the_same_here_on_loopback_and_on_a_transcript(case: Case) -> None:
    at_home = here(case)
    away, served = on_loopback(case)
    assert_same(at_home, away)
    assert_same(at_home, canned(case))
    assert served.queries == away.result.queries
    assert away.result.elapsed_s == served.elapsed_s
    assert away.result.energy_j == pytest.approx(served.energy_j, rel=1e-9)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.name != "odfa_late"], ids=lambda case: case.name
)
def test_time_and_energy_are_those_of_the_emulator_where_nothing_overlaps(case: Case) -> None:
    at_home, (away, _) = here(case), on_loopback(case)
    if not case.name.startswith("odfa"):
        assert away.result.elapsed_s == at_home.result.elapsed_s
        assert away.result.energy_j == pytest.approx(at_home.result.energy_j, rel=1e-9)
    else:  # a projection that was started is waited for before the host goes on
        assert away.result.elapsed_s >= at_home.result.elapsed_s
