"""A window that shows nothing or too much is refused, with what would do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import ConfigError
from emulator.trace.timeline.tracks import timeline
from tests.trace_builders import small_trace, two_agents

PS = 1e-12


@pytest.mark.parametrize(
    ("from_s", "to_s"), [(5 * PS, 5 * PS), (9 * PS, 2 * PS), (30 * PS, None), (31 * PS, 99.0), (0.0, 0.0)]
)
def test_a_window_that_shows_nothing_is_refused(from_s: float, to_s: float | None) -> None:
    with pytest.raises(ConfigError, match=r"allowed: 0 <= from < to, and from < 3e-11 s, where the run ends"):
        timeline(two_agents(), from_s, to_s)


def test_a_window_may_reach_beyond_the_end() -> None:
    assert timeline(two_agents(), 1 * PS, 99.0).window == (1, 30)


def test_a_negative_instant_is_refused() -> None:
    with pytest.raises(ConfigError, match="non-negative"):
        timeline(two_agents(), -1.0)


@given(st.integers(1, 60), st.integers(0, 300))
def test_too_many_slices_are_refused_with_a_window_that_fits(limit: int, from_ps: int) -> None:
    rows = [(0, 0, 1, 1, at - 1, 7 * at, 7 * at + 1, 7 * at + 5) for at in range(50)]
    trace = small_trace(rows, [(1, 0, 0, 1), (1, 1, 0, -1)], 352)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("emulator.trace.timeline.window.MAX_SLICES", limit)
        try:
            whole = timeline(trace, from_ps * PS)
        except ConfigError as error:
            told = str(error)
        else:
            assert len(whole.slices.track) <= limit
            return
        assert f"a viewer takes {limit:,}" in told
        if "--from" in told:
            words = told.split()
            start, end = float(words[words.index("--from") + 1]), float(words[words.index("--to") + 1])
            assert (round(start / PS), end > start) == (from_ps, True)
            assert len(timeline(trace, start, end).slices.track) <= limit
