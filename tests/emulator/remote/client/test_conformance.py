"""One conformance suite over three benches: in this process, on loopback, and on a canned transcript."""

from typing import Any

import numpy as np
import pytest

from emulator.errors import ConfigError
from emulator.remote.client.dialect import load_dialect
from emulator.remote.client.kinds import remote_kinds
from emulator.remote.client.link import Link
from emulator.remote.client.talk import Talk
from tests.remote_lab import CASES, Canned, Case, Outing, canned, here, on_loopback, transcript

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


def assert_alike(one: Outing, other: Outing) -> None:
    """A transcript may come from another processor, whose last bits are other ones."""
    assert one.result.queries == other.result.queries
    assert [type(reply) for reply in one.replies] == [type(reply) for reply in other.replies]
    for mine, theirs in zip(one.replies, other.replies, strict=True):
        for value, same in zip(numbers_of(mine), numbers_of(theirs), strict=True):
            np.testing.assert_allclose(
                np.asarray(value, dtype=float), np.asarray(same, dtype=float), rtol=1e-5, atol=1e-9
            )
    for mine, theirs in zip(one.final, other.final, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-9)


@every_case
def test_a_controller_reads_and_ends_the_same_here_on_loopback_and_on_a_transcript(case: Case) -> None:
    at_home = here(case)
    away, served = on_loopback(case)
    assert_same(at_home, away)
    assert_alike(at_home, canned(case))
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


def test_what_has_no_words_on_the_wire_is_refused_before_a_bench_stands() -> None:
    case = CASES[0]
    kinds = remote_kinds(Link(Talk(Canned(transcript(case).read_text("ascii").splitlines()), load_dialect())))
    with pytest.raises(
        ConfigError, match="gpu is refused at the end of a wire; allowed there: chip, opu, host"
    ):
        kinds["gpu"].check(case.lab["host"], case.lab["host"].config)
