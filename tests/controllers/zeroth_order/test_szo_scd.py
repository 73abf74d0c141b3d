"""SZO-SCD against Algorithm 1, line by line, with canned replies; NOT on a bench (see tests/experiments)."""

import math
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.phases import TWO_PI
from controllers.zeroth_order.szo_scd import SzoScdConfig, power_rises, szo_scd
from emulator.commands import Command, Forward, Log, Probe
from emulator.streams import stream
from tests.controllers.zeroth_order.canned import (
    STEP,
    always_better,
    coin_flips,
    descent,
    ground,
    iterations,
    moves,
    never_better,
    one_sample,
    play,
    scripted,
    settings,
    values,
    visited,
)

Estimate = Literal["wrapped", "signed"]


def test_a_step_that_lowers_the_loss_is_kept_and_costs_one_query() -> None:
    asked = play(descent([1.0]), scripted([1.0, 0.5]), 2)
    assert moves(asked) == ["query", (10, 1.0 + STEP), "settle", "query"]
    assert values(asked, "train_loss") == [pytest.approx(np.logaddexp(0.0, 0.5))]


def test_after_a_failure_the_phase_goes_back_beyond_where_it_was_unasked_and_stays_there() -> None:
    asked = play(descent([1.0]), scripted([1.0, 1.5, 99.0]), 3)
    assert moves(asked) == ["query", (10, 1.0 + STEP), "settle", "query", (10, 1.0 - STEP), "settle", "query"]
    assert values(asked, "active_phase_rad") == [pytest.approx(1.0 - STEP)]


def test_the_loss_after_a_step_back_is_the_next_reference_however_high() -> None:
    asked = play(descent([1.0, 2.0]), scripted([1.0, 1.5, 9.0, 8.0]), 4)
    assert settings(asked) == [(10, 1.02), (10, 0.98), (11, 2.02)]


def test_the_loss_after_an_accepted_step_is_the_next_reference() -> None:
    asked = play(descent([1.0, 2.0]), scripted([5.0, 1.0, 3.0, 0.0]), 4)
    assert settings(asked) == [(10, 1.02), (11, 2.02), (11, 1.98)]


def test_a_tie_counts_as_a_failure() -> None:
    asked = play(descent([1.0], queries=3), scripted([1.0, 1.0, 1.0, 1.0]))
    assert settings(asked) == [(10, 1.02), (10, 0.98)]
    assert (values(asked, "losses_tied")[-1], values(asked, "steps_accepted")[-1]) == (1, 0)


def test_a_loss_that_is_not_a_number_is_a_failure() -> None:
    assert settings(play(descent([1.0]), scripted([1.0, math.nan, 1.0]), 3)) == [(10, 1.02), (10, 0.98)]


def test_every_iteration_asks_anew_for_its_own_batch_and_for_no_other() -> None:
    split = iterations(play(descent([1.0, 2.0]), scripted([1.0, 0.9, 0.8, 5.0, 4.0, 3.0]), 6))
    asked = [[c.batch.key for c in each if isinstance(c, Forward | Probe)] for each in split]
    assert asked == [[0, 0, 0], [1, 1, 1]]
    assert settings(split[1]) == [(10, 1.04), (11, 2.04)]


def endless(scores: Sequence[int]) -> Iterator[float]:
    """Return ``scores``, and then zeros, which come too late to matter."""
    yield from scores
    while True:
        yield 0.0


def algorithm_1(phases: list[float], losses: Iterator[float], p: float) -> Iterator[str | tuple[int, float]]:
    """Restate Algorithm 1 for a p of 0 or 1, every phase in turn: yield its queries and settings."""
    while True:
        yield "query"
        loss = next(losses)
        for i, phase in enumerate(phases):
            yield from ((10 + i, (phase + STEP) % TWO_PI), "query")
            tried = next(losses)
            if tried < loss:
                phases[i], loss = (phase + STEP) % TWO_PI, tried
            elif p == 1 and phase < STEP:  # the step back would wrap from 0 to 2 pi
                yield 10 + i, phase
            else:
                phases[i] = (phase - STEP) % TWO_PI
                yield from ((10 + i, phases[i]), "query")
                loss = next(losses)


@given(
    phases=st.lists(st.sampled_from([0.005, 0.013, 1.0, 3.5, 6.25, 6.281]), min_size=1, max_size=5),
    scores=st.lists(st.integers(-5, 5), min_size=1, max_size=60),
    p=st.sampled_from([0.0, 1.0]),
)
def test_any_course_is_that_of_algorithm_1(phases: list[float], scores: list[int], p: float) -> None:
    played = moves(play(descent(phases, power_awareness=p), scripted(scores), len(scores)))
    asked = [move for move in played if move != "settle"]
    wanted = islice(algorithm_1(list(phases), endless(scores), p), len(asked))
    for move, expected in zip(asked, wanted, strict=True):
        assert move == (expected if isinstance(expected, str) else pytest.approx(expected, abs=1e-12))


def test_on_a_smooth_loss_it_comes_within_two_steps_of_the_lowest_point() -> None:
    target = {10: 1.3, 11: 2.5, 12: 4.0, 13: 6.2}
    start = {10: 1.0, 11: 3.0, 12: 4.1, 13: 0.1}

    def bowl(phases: dict[int, float]) -> float:
        now = start | phases
        return sum(1 - math.cos(now[heater] - aim) for heater, aim in target.items())

    asked = play(descent(list(start.values()), queries=600, step_rad=0.05), bowl)
    last = dict(settings(asked))
    assert all(abs(math.remainder(last[heater] - aim, TWO_PI)) < 0.1 for heater, aim in target.items())
    losses = values(asked, "train_loss")
    assert losses[-1] < losses[0] - 0.05


# Power-aware pruning


def test_a_pruned_step_restores_the_phase_costs_no_query_and_keeps_the_reference() -> None:
    asked = play(descent([0.01, 2.0], power_awareness=1.0), scripted([5.0, 9.0, 6.0, 1.0]), 4)
    assert settings(asked) == [(10, 0.03), (10, 0.01), (11, 2.02), (11, 1.98)]
    assert moves(asked).count("query") == 4
    assert values(asked, "active_phase_rad") == [pytest.approx(0.01 + 1.98)]


@pytest.mark.parametrize(
    ("pruning", "p", "pruned"), [("text", 0.0, 0), ("text", 1.0, 1), ("printed", 0.0, 1), ("printed", 1.0, 0)]
)
def test_the_text_prunes_with_probability_p_and_the_printed_algorithm_without(
    pruning: str, p: float, pruned: int
) -> None:
    asked = play(descent([0.01], power_awareness=p, pruning=pruning, queries=3), never_better())
    assert values(asked, "steps_pruned")[-1] == pruned
    assert settings(asked)[1][1] == pytest.approx(0.01 if pruned else TWO_PI - 0.01)


@pytest.mark.parametrize(("pruning", "share"), [("text", 0.2), ("printed", 0.8)])
def test_between_zero_and_one_the_share_that_is_pruned_is_p_or_its_rest(pruning: str, share: float) -> None:
    options: dict[str, Any] = {"power_awareness": 0.2, "pruning": pruning, "queries": 10_000}
    (iteration, *_) = iterations(play(descent([0.01] * 2000, **options), never_better()))
    stayed = sum(phase == 0.01 for _, phase in settings(iteration))
    assert stayed / 2000 == pytest.approx(share, abs=0.05)


@pytest.mark.parametrize("pruning", ["text", "printed"])
@pytest.mark.parametrize("p", [0.0, 1.0])
def test_a_step_back_that_saves_power_is_never_pruned(pruning: str, p: float) -> None:
    asked = play(descent([0.03, 3.0, 6.28], power_awareness=p, pruning=pruning, queries=7), never_better())
    assert values(asked, "steps_pruned")[-1] == 0


def rises(phase: float, moved: float, estimate: Estimate) -> bool:
    return bool(power_rises(np.array([phase]), np.array([moved]), estimate)[0])


@pytest.mark.parametrize(
    ("phase", "wrapped", "signed"),
    [
        (0.015, True, False),  # to -0.005: wrapped beyond 6, but nearer to 0
        (0.005, True, True),
        (1.0, False, False),
        (3.15, False, False),  # from -3.133 to 3.13
        (4.0, False, True),  # from -2.283 to -2.303
        (6.28, False, True),
    ],
)
def test_what_is_pruned_depends_on_how_power_is_estimated(phase: float, wrapped: bool, signed: bool) -> None:
    estimates: list[tuple[Estimate, bool]] = [("wrapped", wrapped), ("signed", signed)]
    for estimate, pruned in estimates:
        assert rises(phase, phase - STEP, estimate) is pruned
        options: dict[str, Any] = {"power_awareness": 1.0, "power_estimate": estimate, "queries": 2}
        asked = play(descent([phase], **options), never_better())
        assert values(asked, "steps_pruned")[-1] == pruned


@given(phase=st.floats(0, TWO_PI, exclude_max=True), step=st.floats(1e-6, math.pi))
def test_a_step_down_raises_wrapped_power_just_where_it_passes_zero(phase: float, step: float) -> None:
    assert rises(phase, phase - step, "wrapped") is (phase - step < 0)


@given(phase=st.floats(-20, 20), moved=st.floats(-20, 20))
def test_signed_power_is_the_distance_from_a_whole_turn(phase: float, moved: float) -> None:
    before, after = (abs(math.atan2(math.sin(x), math.cos(x))) for x in (phase, moved))
    if abs(after - before) > 1e-9:
        assert rises(phase, moved, "signed") is (after > before)


# The step, and what is remembered of phases


def steps_taken(asked: Sequence[Command], start: float) -> list[float]:
    phases = [start, *(phase for _, phase in settings(asked))]
    return [later - earlier for earlier, later in pairwise(phases)]


def test_the_step_shrinks_by_its_factor_after_every_epoch() -> None:
    asked = play(descent([1.0], step_decay=0.5, epoch_iterations=3), always_better(), 14)
    assert steps_taken(asked, 1.0) == pytest.approx([0.02] * 3 + [0.01] * 3 + [0.005])
    assert values(asked, "step_rad") == pytest.approx([0.02, 0.01, 0.005])


def test_without_an_epoch_of_its_own_the_training_sets_holds() -> None:
    options = SzoScdConfig(sparsity=1.0, step_decay=0.5, batch_size=32)
    controller = szo_scd(options, ground([1.0], samples=64), one_sample(), stream(0, "tests/szo_scd"))
    assert steps_taken(play(controller, always_better(), 8), 1.0) == pytest.approx([0.02] * 2 + [0.01] * 2)


@pytest.mark.parametrize(
    ("floor", "steps"), [("none", [0.02, 0.01, 0.005]), ("dac_step", [0.02, 0.015, 0.015])]
)
def test_the_step_may_have_a_floor_of_one_dac_step(floor: str, steps: list[float]) -> None:
    options: dict[str, Any] = {"step_decay": 0.5, "epoch_iterations": 1, "step_floor": floor}
    asked = play(descent([1.0], dac_step_rad=0.015, **options), always_better(), 6)
    assert steps_taken(asked, 1.0) == pytest.approx(steps)
    assert values(asked, "step_rad")[:3] == pytest.approx(steps)


def test_an_exact_memory_adds_up_steps_that_the_dac_cannot_make() -> None:
    asked = play(descent([1.0], dac_step_rad=0.1, phase_memory="shadow"), always_better(), 10)
    assert steps_taken(asked, 1.0) == pytest.approx([STEP] * 5)


@pytest.mark.parametrize("bits", [4, 8])
def test_a_memory_of_the_dacs_steps_holds_whole_ones_within_a_turn(bits: int) -> None:
    grid = TWO_PI / (2**bits - 1)
    start = [0.0, 1.0, 3.3, 6.27]
    asked = play(descent(start, dac_step_rad=grid, phase_memory="dac", step_rad=0.3), coin_flips(0), 300)
    phases = np.array([phase for _, phase in settings(asked)])
    assert np.abs(phases / grid - np.round(phases / grid)).max() < 1e-9
    assert phases.min() >= 0
    assert phases.max() < TWO_PI
    assert len(set(phases.tolist())) > 4


def test_a_memory_of_the_dacs_steps_never_moves_by_less_than_half_of_one() -> None:
    asked = play(descent([1.0], dac_step_rad=0.1, phase_memory="dac"), always_better(), 10)
    assert [phase for _, phase in settings(asked)] == pytest.approx([1.0] * 5)


@given(phases=st.lists(st.floats(-20, 20), min_size=1, max_size=3))
def test_phases_from_anywhere_are_set_within_one_turn(phases: list[float]) -> None:
    asked = play(descent(phases), coin_flips(1), 12)
    assert all(0 <= phase < TWO_PI for _, phase in settings(asked))


def test_a_phase_that_comes_to_rest_at_zero_but_for_rounding_is_zero() -> None:
    asked = play(descent([0.1]), never_better(), 15)
    assert settings(asked)[-1][1] == pytest.approx(0.0, abs=1e-12)


# Who is visited


def test_devices_are_visited_in_index_order_or_shuffled() -> None:
    phases = [1.0] * 12
    in_order = [visited(each) for each in iterations(play(descent(phases), never_better(), 125))]
    shuffled = [
        visited(each) for each in iterations(play(descent(phases, order="shuffled"), never_better(), 125))
    ]
    assert in_order == [list(range(10, 22))] * 5
    assert [sorted(each) for each in shuffled] == in_order
    assert len({tuple(each) for each in shuffled}) == 5


@pytest.mark.parametrize(("sparsity", "size"), [(0.1, 4), (0.26, 10), (1.0, 40), (0.001, 1)])
@pytest.mark.parametrize("order", ["index", "shuffled"])
def test_an_exact_selection_visits_that_share_of_different_devices(
    sparsity: float, size: int, order: str
) -> None:
    asked = play(descent([1.0] * 40, sparsity=sparsity, order=order), always_better(), 20 * (size + 1))
    chosen = [visited(each) for each in iterations(asked)]
    assert [len(each) for each in chosen] == [size] * 20
    assert [len(set(each)) for each in chosen] == [size] * 20
    assert size == 40 or len({tuple(each) for each in chosen}) > 5


@pytest.mark.parametrize("order", ["index", "shuffled"])
def test_a_bernoulli_selection_visits_that_share_on_average_only(order: str) -> None:
    options: dict[str, Any] = {"sparsity": 0.25, "selection": "bernoulli", "order": order}
    chosen = [
        visited(each) for each in iterations(play(descent([1.0] * 40, **options), always_better(), 1500))
    ]
    sizes = np.array([len(each) for each in chosen[:-1]])
    assert sizes.mean() == pytest.approx(10, abs=5 * math.sqrt(7.5 / len(sizes)))
    assert sizes.var() == pytest.approx(7.5, rel=0.5)
    assert all(len(set(each)) == len(each) for each in chosen)
    assert all(each == sorted(each) for each in chosen) is (order == "index")


def test_an_exact_selection_visits_all_devices_alike() -> None:
    asked = play(descent([1.0] * 20, sparsity=0.2, queries=10_000), always_better(), 5 * 500)
    times = np.bincount([heater - 10 for heater, _ in settings(asked)], minlength=20)
    assert times.sum() == 4 * 500
    assert np.abs(times - 100).max() < 5 * math.sqrt(500 * 0.2 * 0.8)


# How long it goes on, and what it tells


@pytest.mark.parametrize("queries", range(1, 20))
def test_it_asks_as_many_queries_as_it_may_and_no_more(queries: int) -> None:
    for score in (never_better(), always_better(), coin_flips(queries)):
        asked = play(descent([1.0, 2.0], queries=queries), score, queries + 3)
        total = moves(asked).count("query")
        assert total == queries
        names = [command.name for command in asked[-4:] if isinstance(command, Log)]
        assert names == ["coordinates_visited", "steps_accepted", "losses_tied", "steps_pruned"]


def test_it_ends_even_where_bernoulli_chooses_no_device() -> None:
    asked = play(descent([1.0], sparsity=1e-12, selection="bernoulli", queries=10), never_better(), 50)
    assert moves(asked).count("query") <= 12


def test_an_iteration_takes_one_query_and_one_and_a_half_per_visit_where_losses_are_coin_flips() -> None:
    asked = play(descent([1.0] * 40, sparsity=0.5, queries=4000), coin_flips(3))
    sizes = [moves(each).count("query") for each in iterations(asked)[:-1]]
    assert len(sizes) > 100
    assert np.mean(sizes) == pytest.approx(1 + 1.5 * 0.5 * 40, abs=5 * math.sqrt(20 * 0.25 / len(sizes)))
    assert (min(sizes), max(sizes)) >= (21, 22)


def test_every_iteration_logs_its_last_reference_and_the_sum_of_its_phases() -> None:
    asked = play(descent([1.0, 6.28]), scripted([3.0, 2.0, 4.0, 5.0, 1.0, 0.0, -1.0]), 7)
    assert values(asked, "train_loss") == pytest.approx(np.logaddexp(0.0, [5.0, -1.0]).tolist())
    first, second = 1.02 + 6.26, 1.04 + 6.28
    assert values(asked, "active_phase_rad") == pytest.approx([first, second])


def test_counts_are_logged_every_epoch_and_at_the_end_and_add_up() -> None:
    options: dict[str, Any] = {"epoch_iterations": 2, "power_awareness": 1.0, "queries": 200}
    asked = play(descent([0.01, 0.015, 2.0, 5.0], **options), coin_flips(4))
    epochs = values(asked, "step_rad")
    for name in ("coordinates_visited", "steps_accepted", "losses_tied", "steps_pruned"):
        counts = values(asked, name)
        assert len(counts) == len(epochs) + 1
        assert counts[0] == 0
        assert counts == sorted(counts)
    visits, accepted, pruned = (
        values(asked, name)[-1] for name in ("coordinates_visited", "steps_accepted", "steps_pruned")
    )
    second_queries = visits - accepted - pruned
    assert pruned > 0
    assert moves(asked).count("query") == len(iterations(asked)) + visits + second_queries


def test_the_same_stream_gives_the_same_commands_and_another_stream_others() -> None:
    options: dict[str, Any] = {"sparsity": 0.3, "power_awareness": 0.5, "order": "shuffled"}
    first, again, other = (
        moves(play(descent([0.01] * 20, seed=seed, **options), coin_flips(5), 200)) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
