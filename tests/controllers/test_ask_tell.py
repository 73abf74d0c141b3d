"""Optimisers by ask and tell, as controllers: real ones and the tests' own, on a bench that knows the optimum."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cmaes
import numpy as np
import optuna
import pytest
from numpy.typing import NDArray

from controllers.ask_tell import ask_tell
from controllers.kind import Setting
from controllers.losses import cross_entropy
from controllers.phases import TWO_PI
from emulator.commands import (
    Compute,
    Incumbent,
    Log,
    Probe,
    Sequence,
    SetPhases,
    Settle,
)
from emulator.errors import CommandError, ConfigError
from tests.contracts.controller_specimens import told
from tests.controllers.known_optimum import SETTING, SIZE, distance, of_kind, talk

Floats = NDArray[np.float64]

optuna.logging.set_verbosity(optuna.logging.WARNING)


def sep_cma(setting: Setting) -> Any:
    return cmaes.SepCMA(mean=setting.phases, sigma=0.1, seed=1)


def full_cma(setting: Setting) -> Any:
    return cmaes.CMA(mean=setting.phases, sigma=0.1, seed=1)


def study(setting: Setting) -> Any:
    found = optuna.create_study(sampler=optuna.samplers.CmaEsSampler(seed=1))
    found.enqueue_trial(dict(zip(map("heater_{}".format, setting.heaters), setting.phases, strict=True)))
    return found


class Climber:
    """A plain pair: one candidate at a time, without a mean."""

    def __init__(self, setting: Setting) -> None:
        self.best, self.least = setting.phases, np.inf
        self._rng = setting.stream("tests/climber")

    def ask(self) -> list[float]:
        return (self.best + 0.05 * self._rng.standard_normal(self.best.size)).tolist()

    def tell(self, candidate: list[float], loss: float) -> None:
        if loss < self.least:
            self.best, self.least = np.array(candidate), loss


class Swarm(Climber):
    """A generation at a time, told as one."""

    def ask(self) -> Any:
        return [np.array(super(Swarm, self).ask()) for _ in range(8)]

    def tell(self, candidate: Any, loss: Any) -> None:
        for each, found in zip(candidate, loss, strict=True):
            super().tell(each, found)


EVERY: dict[str, tuple[Callable[[Setting], Any], int]] = {
    "SepCMA": (sep_cma, 600),
    "CMA": (full_cma, 600),
    "Optuna": (study, 150),
    "plain": (Climber, 600),
    "generation": (Swarm, 600),
}
every_optimiser = pytest.mark.parametrize(("make", "queries"), EVERY.values(), ids=EVERY)


# ---------------------------------------------------------------------------- what it asks of the bench


@every_optimiser
def test_any_optimiser_comes_nearer_to_the_optimum(make: Callable[[Setting], Any], queries: int) -> None:
    commands = list(talk(ask_tell(make, queries=queries, span_rad=0.6)(SETTING)))
    named = [distance(each) for each in of_kind(commands, Incumbent)]
    assert named[0] == pytest.approx(0.3 * np.sqrt(SIZE))
    assert named[-1] < 0.8 * named[0]


@every_optimiser
def test_a_seed_fixes_it(make: Callable[[Setting], Any], queries: int) -> None:
    first, again = (
        [told(each) for each in talk(ask_tell(make, queries=queries // 5, span_rad=0.6)(SETTING))]
        for _ in range(2)
    )
    assert first == again


@every_optimiser
def test_phases_lie_in_one_turn_and_no_query_too_many_is_asked(
    make: Callable[[Setting], Any], queries: int
) -> None:
    commands = list(talk(ask_tell(make, queries=100)(SETTING)))
    rows = [row for each in of_kind(commands, Sequence) for row in each.radians]
    assert 80 < len(rows) <= 100
    assert all(((row >= 0) & (row < TWO_PI)).all() for row in rows)


def test_a_generation_is_one_sequence_on_one_batch_that_decides_nothing() -> None:
    commands = list(talk(ask_tell(sep_cma, queries=60)(SETTING)))
    size = sep_cma(SETTING).population_size
    sequences = of_kind(commands, Sequence)
    assert len(sequences) == 60 // size
    assert {each.radians.shape for each in sequences} == {(size, SIZE)}
    assert {each.decide for each in sequences} == {None}
    keys = [each.batch.key for each in sequences]
    assert len(set(keys)) == len(keys)


def test_by_the_host_the_same_is_asked_probe_by_probe() -> None:
    by_host = list(talk(ask_tell(sep_cma, queries=60, loop="host")(SETTING)))
    by_chip = list(talk(ask_tell(sep_cma, queries=60)(SETTING)))
    rows = [row.tolist() for each in of_kind(by_chip, Sequence) for row in each.radians]
    assert [each.radians for each in of_kind(by_host, Probe)] == rows
    kept = (Incumbent, Log, Compute)
    assert [told(each) for each in by_host if isinstance(each, kept)] == [
        told(each) for each in by_chip if isinstance(each, kept)
    ]


def test_the_mean_is_the_incumbent_where_there_is_one_and_else_the_best_so_far() -> None:
    made: list[Any] = []

    def kept(setting: Setting) -> Any:
        made.append(cmaes.SepCMA(mean=setting.phases, sigma=0.1, seed=1))
        return made[-1]

    named = of_kind(list(talk(ask_tell(kept, queries=100)(SETTING))), Incumbent)
    np.testing.assert_allclose(named[-1].radians, np.mod(made[0].mean, TWO_PI))
    commands = list(talk(ask_tell(Climber, queries=100)(SETTING)))
    candidates = [row for each in of_kind(commands, Sequence) for row in each.radians]
    losses = [each.value for each in of_kind(commands, Log) if each.name == "train_loss"]
    np.testing.assert_array_equal(
        of_kind(commands, Incumbent)[-1].radians, candidates[int(np.argmin(losses))]
    )


def test_it_ends_with_the_chip_at_the_incumbent() -> None:
    *_, setting, settled = commands = list(talk(ask_tell(sep_cma, queries=60)(SETTING)))
    named = of_kind(commands, Incumbent)[-1]
    assert isinstance(setting, SetPhases)
    assert setting.radians == list(named.radians)
    assert isinstance(settled, Settle)


def test_an_optimiser_may_change_what_it_was_given() -> None:
    """The mean that cmaes was given is moved in place; the design phases of the laboratory are not."""
    before = SETTING.phases.copy()
    commands = list(talk(ask_tell(sep_cma, queries=100)(SETTING)))
    np.testing.assert_array_equal(SETTING.phases, before)
    assert len({each.radians.tobytes() for each in of_kind(commands, Incumbent)}) > 3


def test_the_host_is_charged_for_each_generation_by_a_count_that_can_be_changed() -> None:
    work = of_kind(list(talk(ask_tell(sep_cma, queries=60)(SETTING))), Compute)
    size = sep_cma(SETTING).population_size
    assert {(each.flops, each.bytes) for each in work} == {(20 * SIZE * size, 48 * SIZE * size)}
    other = ask_tell(sep_cma, queries=60, flops=lambda n, k: n * n * k)(SETTING)
    assert {each.flops for each in of_kind(list(talk(other)), Compute)} == {SIZE * SIZE * size}
    free = ask_tell(sep_cma, queries=60, flops=lambda n, k: 0)(SETTING)
    assert of_kind(list(talk(free)), Compute) == []


def test_without_a_batch_size_every_generation_sees_the_whole_training_set() -> None:
    sequences = of_kind(list(talk(ask_tell(Climber, queries=5, batch_size=None)(SETTING))), Sequence)
    assert {len(each.batch.labels) for each in sequences} == {len(SETTING.inputs)}
    assert {each.batch.key for each in sequences} == {0}


def test_a_population_is_asked_for_before_the_first_is_told() -> None:
    sequences = of_kind(list(talk(ask_tell(Climber, queries=20, population=5)(SETTING))), Sequence)
    assert [len(each.radians) for each in sequences] == [5, 5, 5, 5]


def test_a_loss_of_one_s_own_is_told() -> None:
    def doubled(outputs: Floats, labels: NDArray[np.int64]) -> float:
        return 2.0 * cross_entropy(outputs, labels)

    logs = [
        [
            each.value
            for each in of_kind(list(talk(ask_tell(Climber, queries=3, loss=loss)(SETTING))), Log)
            if each.name == "train_loss"
        ]
        for loss in (None, doubled)
    ]
    assert logs[1][0] == pytest.approx(2.0 * logs[0][0])


def test_an_optimiser_that_wants_to_stop_is_left_alone() -> None:
    class Tired(Climber):
        def should_stop(self) -> bool:
            return self.least < np.inf

    commands = list(talk(ask_tell(Tired, queries=100)(SETTING)))
    assert len(of_kind(commands, Sequence)) == 1
    assert isinstance(commands[-1], Settle)


def test_an_optimiser_that_is_made_already_serves_as_well() -> None:
    made = Climber(SETTING)
    list(talk(ask_tell(made, queries=20)(SETTING)))
    assert made.least < np.inf


# ------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("optimiser", "options", "words"),
    [
        (3, {}, "int has no ask and no tell; allowed: an object with ask"),
        (lambda setting: object(), {}, "object has no ask and no tell"),
        (lambda setting: type("Half", (), {"ask": len})(), {}, "Half has no tell"),
        (lambda setting: 1 / 0, {}, "could not be made: ZeroDivisionError: division by zero"),
        (lambda setting: cmaes.SepCMA(mean=np.zeros(1), sigma=0.1), {}, "dimension of mean must be larger"),
        (lambda setting: optuna.create_study(direction="maximize"), {}, "goes for maximize; allowed: to min"),
        (lambda setting: optuna.create_study(directions=["minimize"] * 2), {}, "minimize, minimize; allowed"),
        (sep_cma, {"population": 3}, "population=3 is not allowed; this SepCMA is told"),
        (sep_cma, {"queries": 0}, "queries=0 is not allowed; allowed: a whole number >= 1"),
        (sep_cma, {"queries": 2.5}, r"queries=2\.5"),
        (sep_cma, {"batch_size": True}, "batch_size=True"),
        (sep_cma, {"batch_size": 1000}, "of 40 samples, batch_size = 1000 is refused"),
        (sep_cma, {"loop": "cloud"}, "loop='cloud' is not allowed; allowed: 'sequencer', 'host'"),
        (Climber, {"span_rad": -1.0}, r"span_rad=-1\.0"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_before_the_run_begins(
    optimiser: Any, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        ask_tell(optimiser, **options)(SETTING)


def test_a_setting_without_heaters_is_refused() -> None:
    with pytest.raises(ConfigError, match="no heaters to tune; allowed: a study that deploys"):
        ask_tell(Climber)(Setting(SETTING.inputs, SETTING.targets, SETTING.stream))


class Broken(Climber):
    """What an optimiser can get wrong, one at a time."""

    def __init__(self, setting: Setting, asks: Any = None, loss: Exception | None = None) -> None:
        super().__init__(setting)
        self._asks, self._loss = asks, loss

    def ask(self) -> Any:
        return super().ask() if self._asks is None else self._asks()

    def tell(self, candidate: Any, loss: float) -> None:
        if self._loss is not None:
            raise self._loss


def nan_at_two() -> Floats:
    phases = np.zeros(SIZE)
    phases[2] = np.nan
    return phases


@pytest.mark.parametrize(
    ("asks", "words"),
    [
        (lambda: np.zeros(3), rf"Broken\.ask\(\) returned numbers of shape \(3,\); allowed: {SIZE} finite"),
        (lambda: 1.0, r"shape \(\)"),
        (list, r"shape \(0,\)"),
        (lambda: np.zeros((2, 3)), r"shape \(3,\)"),
        (nan_at_two, r"returned nan as phase 2; allowed"),
        (lambda: "phases", "returned str, which are no phases"),
        (lambda: None, "no phases|shape|nan"),
        (lambda: 1 / 0, r"Broken\.ask\(\) failed: ZeroDivisionError"),
    ],
)
def test_candidates_that_are_no_phases_are_refused_with_what_would_be(asks: Any, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        list(talk(ask_tell(lambda setting: Broken(setting, asks=asks))(SETTING)))


def test_what_tell_raises_is_told_and_chained() -> None:
    said = RuntimeError("matrix not positive definite")
    with pytest.raises(
        CommandError, match=r"Broken\.tell\(\) failed: RuntimeError: matrix not pos"
    ) as caught:
        list(talk(ask_tell(lambda setting: Broken(setting, loss=said))(SETTING)))
    assert caught.value.__cause__ is said


def test_a_loss_that_is_no_number_is_refused() -> None:
    with pytest.raises(CommandError, match=r"loss\(\) returned \[nan\]"):
        list(talk(ask_tell(Climber, loss=lambda outputs, labels: float("nan"))(SETTING)))


def test_fewer_queries_than_a_generation_are_refused() -> None:
    with pytest.raises(ConfigError, match="queries=3 is not allowed; a generation of this SepCMA takes"):
        list(talk(ask_tell(sep_cma, queries=3)(SETTING)))
    with pytest.raises(ConfigError, match=r"budget of queries .* is too small: a generation of this SepCMA"):
        list(talk(ask_tell(sep_cma)(SETTING), budget=sep_cma(SETTING).population_size))


def test_a_budget_that_ends_with_the_first_generation_is_refused_before_the_search_begins() -> None:
    size = sep_cma(SETTING).population_size
    with pytest.raises(ConfigError, match="is too small: a generation of this SepCMA takes"):
        ask_tell(sep_cma)(replace(SETTING, query_budget=size))
    ask_tell(sep_cma)(replace(SETTING, query_budget=size + 1))


# ------------------------------------------------------------------------------ the run's own budget


@pytest.mark.parametrize("queries", [None, 10_000])
@pytest.mark.parametrize("generations", [5, 5.5])
def test_every_generation_that_the_budget_pays_for_is_told_and_the_chip_ends_at_the_incumbent(
    queries: int | None, generations: float
) -> None:
    """The run ends at the reply that spends the budget whole: that reply nobody would hear."""
    size = sep_cma(SETTING).population_size
    budget = round(generations * size)
    commands = list(talk(ask_tell(sep_cma, queries=queries)(SETTING), budget=budget))
    read = of_kind(commands, Sequence)
    assert len(read) == (budget - 1) // size
    assert len([each for each in of_kind(commands, Log) if each.name == "train_loss"]) == len(read)
    last = of_kind(commands, SetPhases)[-1]
    np.testing.assert_array_equal(last.radians, of_kind(commands, Incumbent)[-1].radians)


def test_without_a_number_it_takes_what_the_budget_leaves_and_20_000_where_there_is_none() -> None:
    class Quick(Swarm):
        def ask(self) -> Any:
            return [self.best] * 900

        def tell(self, candidate: Any, loss: Any) -> None:
            del candidate, loss

    limited = list(talk(ask_tell(Quick, batch_size=2)(SETTING), budget=30_000))
    free = list(talk(ask_tell(Quick, batch_size=2)(SETTING)))
    assert [len(of_kind(each, Sequence)) for each in (limited, free)] == [33, 22]
