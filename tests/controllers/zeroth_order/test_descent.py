"""The three rules of a coordinate descent against their words, with canned replies."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.phases import TWO_PI
from controllers.zeroth_order.descent import Rule, descend
from controllers.zeroth_order.options import DescentOptions
from controllers.zeroth_order.szo_scd import RULES, SzoScdConfig
from emulator.commands import Controller
from emulator.streams import stream
from tests.controllers.zeroth_order.canned import (
    STEP,
    always_better,
    coin_flips,
    descent,
    ground,
    moves,
    never_better,
    one_sample,
    play,
    scripted,
    settings,
    values,
)


def by_rule(rule: Rule, phases: list[float], **options: Any) -> Controller:
    given = DescentOptions(**{"kind": "any", "sparsity": 1.0, "epoch_iterations": 1000, **options})
    return descend(given, rule, ground(phases), one_sample(), stream(0, "tests/descent"))


def reading(rule: Rule, phases: list[float], losses: Iterator[float]) -> Iterator[str | tuple[int, float]]:
    """Restate Eq. 9 ("three_point") and Eq. 7 ("best_of_both"), every phase in turn: queries and settings."""
    while True:
        yield "query"
        loss = next(losses)
        for i, phase in enumerate(phases):
            up, down = (phase + STEP) % TWO_PI, (phase - STEP) % TWO_PI
            yield from ((10 + i, up), "query")
            at_up = next(losses)
            if rule == "three_point" and at_up < loss:
                phases[i], loss = up, at_up
                continue
            yield from ((10 + i, down), "query")
            at_down = next(losses)
            others = {up: at_up} if rule == "best_of_both" else {phase: loss}
            [(middle, least)] = others.items()
            if at_down < least:
                phases[i], loss = down, at_down
            else:
                phases[i], loss = middle, least
                yield 10 + i, middle


def endless(scores: list[int]) -> Iterator[float]:
    yield from scores
    while True:
        yield 0.0


@pytest.mark.parametrize("rule", ["three_point", "best_of_both"])
@given(
    phases=st.lists(st.sampled_from([0.005, 0.013, 1.0, 3.5, 6.25, 6.281]), min_size=1, max_size=5),
    scores=st.lists(st.integers(-5, 5), min_size=1, max_size=60),
)
def test_any_course_is_that_of_the_papers_equation(
    rule: Rule, phases: list[float], scores: list[int]
) -> None:
    played = moves(play(by_rule(rule, phases), scripted(scores), len(scores)))
    asked = [move for move in played if move != "settle"]
    wanted = islice(reading(rule, list(phases), endless(scores)), len(asked))
    for move, expected in zip(asked, wanted, strict=True):
        assert move == (expected if isinstance(expected, str) else pytest.approx(expected, abs=1e-12))


def test_three_points_stay_in_the_middle_where_both_sides_are_worse_and_keep_its_loss() -> None:
    asked = play(by_rule("three_point", [1.0, 2.0]), scripted([1.0, 3.0, 2.0, 0.5]), 4)
    assert settings(asked) == [(10, 1.02), (10, 0.98), (10, 1.0), (11, 2.02)]
    assert values(asked, "train_loss") == [pytest.approx(np.logaddexp(0.0, 0.5))]


def test_of_both_sides_the_better_is_kept_even_where_both_are_worse_than_the_middle() -> None:
    asked = play(by_rule("best_of_both", [1.0]), scripted([1.0, 2.0, 3.0]), 3)
    assert settings(asked) == [(10, 1.02), (10, 0.98), (10, 1.02)]
    assert values(asked, "train_loss") == [pytest.approx(np.logaddexp(0.0, 2.0))]
    assert values(asked, "steps_accepted") == [0]


def test_the_other_side_is_read_even_where_the_first_is_better() -> None:
    asked = play(by_rule("best_of_both", [1.0], queries=3), scripted([1.0, 0.5, 0.2]))
    assert settings(asked) == [(10, 1.02), (10, 0.98)]
    assert values(asked, "steps_accepted")[-1] == 1


def test_a_pruned_step_back_leaves_the_middle_and_the_side_that_was_read() -> None:
    for score, end in ((9.0, 0.01), (0.0, 0.03)):
        asked = play(
            descent([0.01], power_awareness=1.0, verify="best_of_both", queries=2), scripted([5.0, score])
        )
        assert settings(asked)[-1] == (10, end)
        assert values(asked, "steps_pruned")[-1] == (score > 5.0)


@pytest.mark.parametrize("rule", ["step_back", "three_point", "best_of_both"])
@pytest.mark.parametrize("queries", range(1, 16))
def test_every_query_is_used_and_none_more(rule: Rule, queries: int) -> None:
    for score in (never_better(), always_better(), coin_flips(queries)):
        asked = play(by_rule(rule, [1.0, 2.0], queries=queries), score, queries + 3)
        assert moves(asked).count("query") == queries


def test_the_option_verify_names_every_rule() -> None:
    asked = {
        verify: settings(play(descent([1.0], verify=verify), scripted([1.0, 3.0, 2.0]), 3))
        for verify in RULES
    }
    assert asked["none"] == [(10, 1.02), (10, 0.98)]
    assert asked["restore"] == [(10, 1.02), (10, 0.98), (10, 1.0)]
    assert asked["best_of_both"] == [(10, 1.02), (10, 0.98)]
    assert SzoScdConfig().verify == "none"
