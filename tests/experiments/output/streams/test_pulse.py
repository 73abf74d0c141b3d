"""A line now and then: soon at first, then ever longer, until the work is over; no test waits for it."""

import contextlib
import io
import itertools
from collections.abc import Callable

import pytest

from experiments.output.streams.pulse import Pulse, beat, duration, pauses


def until(lines: int) -> tuple[Callable[[float], bool], Callable[[], float], list[float]]:
    """Return a wait that ends after ``lines`` lines, the clock that it moves, and the pauses that it was given."""
    given: list[float] = []

    def wait(pause_s: float) -> bool:
        given.append(pause_s)
        return len(given) > lines

    return wait, lambda: sum(given), given


def test_pauses_begin_at_ten_seconds_and_grow_to_five_minutes() -> None:
    found = list(itertools.islice(pauses(), 12))
    assert found[:3] == [10.0, 15.0, 22.5]
    assert found[-1] == 300.0
    assert found == sorted(found)


def test_each_pause_is_followed_by_a_line_and_the_end_by_none(capsys: pytest.CaptureFixture[str]) -> None:
    wait, clock, given = until(3)
    beat(lambda lasted_s: f"after {duration(lasted_s)}", wait, clock)
    assert capsys.readouterr().err.splitlines() == ["after 10 s", "after 25 s", "after 48 s"]
    assert len(given) == 4


def test_a_closed_stderr_ends_nothing() -> None:
    paper = io.StringIO()
    paper.close()
    wait, clock, given = until(2)
    with contextlib.redirect_stderr(paper):
        beat(str, wait, clock)
    assert len(given) == 3


@pytest.mark.parametrize("shown", [True, False])
def test_short_work_is_not_told_of_and_its_error_goes_on(
    shown: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KeyError), Pulse(str, shown):
        raise KeyError
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("seconds", "words"), [(9.6, "10 s"), (119, "119 s"), (120, "2 min"), (9e5, "15,000 min")]
)
def test_durations_are_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words
