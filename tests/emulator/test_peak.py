"""The peak of power against a sum over all intervals, in exact fractions."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from emulator.peak import PeakWatch
from emulator.plan import Step

watts = st.floats(0.0, 100.0)
intervals = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 20), watts), max_size=8)
levels = st.lists(st.tuples(st.integers(0, 20), watts), max_size=8)


def power_at(t_ps: int, drawn: list[tuple[int, int, float]], set_to: list[tuple[int, float]]) -> Fraction:
    """Return what is drawn from ``t_ps`` on."""
    level = Fraction()
    for since_ps, each in set_to:
        if since_ps <= t_ps:
            level = Fraction(each)
    return level + sum((Fraction(w) for start, ps, w in drawn if start <= t_ps < start + ps), Fraction())


@given(
    drawn=intervals, gaps=levels, limit=st.floats(1.0, 300.0), looks=st.lists(st.integers(0, 70), max_size=4)
)
def test_the_first_instant_beyond_the_limit_is_found(
    drawn: list[tuple[int, int, float]], gaps: list[tuple[int, float]], limit: float, looks: list[int]
) -> None:
    watch, set_to, now_ps = PeakWatch(limit), [], 0
    for gap, each in gaps:
        now_ps += gap
        set_to.append((now_ps, each))
    for start_ps, ps, each in drawn:
        watch.steps(
            start_ps, [Step("a", "b", 0, "c", 1000.0), Step("a", "b", ps, "c", each), Step("a", "c", 3)]
        )
    watch.levels(7, [t_ps for t_ps, _ in set_to], [each for _, each in set_to])
    for look in (*sorted(looks), 1000):
        watch.settle(look)
    powers = [power_at(t_ps, drawn, set_to) for t_ps in range(250)]
    beyond = [power for power in powers if power > limit]
    assert watch.exceeded_w == (float(beyond[0]) if beyond else None)


def test_what_ends_where_another_begins_is_never_drawn_together() -> None:
    watch = PeakWatch(10.0)
    watch.steps(0, [Step("a", "b", 5, "c", 9.0), Step("a", "b", 5, "c", 9.0)])
    watch.steps(10, [Step("a", "b", 5, "c", 9.0)])
    watch.settle(100)
    assert watch.exceeded_w is None


def test_levels_of_what_was_foretold_are_not_counted_twice() -> None:
    watch = PeakWatch(10.0)
    watch.level(3, 0, 1.0)
    watch.draw(3, 5, 9, 6.0)
    watch.level(3, 5, 7.0)
    watch.settle(100)
    assert watch.exceeded_w is None
    watch.draw(3, 200, 201, 9.5)
    watch.settle(200)
    assert watch.exceeded_w == 10.5
