"""The bench when things go wrong: refused commands, faulty controllers, divergence."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from emulator.bench import Bench
from emulator.bench_config import BudgetConfig
from emulator.commands import (
    Controller,
    Forward,
    SetPhases,
    Settle,
)
from emulator.errors import CommandError, DivergedError, LightloopError, TaskError
from emulator.instruments.chip.state import ChipCore
from emulator.instruments.instrument import Stand
from tests.bench_lab import (
    BATCH,
    CAUSE,
    HASTY_HOST,
    SIZES,
    STARTED,
    SmallLab,
    queries,
    rows_of,
    settler,
)
from tests.builders import NotingRecorder, ideal_chip, random_design


def test_a_refused_command_is_thrown_into_the_controller_which_may_go_on(lab: SmallLab) -> None:
    caught = []

    def clumsy() -> Controller:
        for bad in (SetPhases([99], [0.0]), Settle(-1), "nonsense", None, SetPhases([0], [float("nan")])):
            try:
                yield bad  # type: ignore[misc]
            except CommandError as error:
                caught.append(str(error))
        yield Forward(BATCH)

    outing = lab.run(clumsy)
    assert len(caught) == 5
    assert outing.result.status == "complete"
    assert [row[CAUSE] for row in rows_of(outing)] == [-1]
    assert rows_of(outing)[0][STARTED] == 0


def test_a_refused_command_does_not_block_the_chip_for_others(lab: SmallLab) -> None:
    def stubborn() -> Controller:
        for _ in range(5):
            with pytest.raises(CommandError):
                yield SetPhases([99], [0.0])
            yield Settle(7)

    outing = lab.run(stubborn, stubborn)
    assert len(rows_of(outing)) >= 9


class OwnError(Exception):
    """An error that a controller brought along, with two arguments."""

    def __init__(self, what: str, number: int) -> None:
        super().__init__(what, number)


@pytest.mark.parametrize(
    "error",
    [
        KeyError("k"),
        ZeroDivisionError(),
        TaskError("t"),
        CommandError("c"),
        OwnError("o", 3),
        KeyboardInterrupt(),
    ],
    ids=repr,
)
@pytest.mark.parametrize("is_main", [True, False])
def test_a_controller_that_raises_fails_the_trace_and_the_error_comes_out(
    lab: SmallLab, error: BaseException, is_main: bool
) -> None:
    def faulty() -> Controller:
        yield Settle(10)
        raise error

    bench = lab.bench()
    agents = {"a": faulty()} if is_main else {"a": queries(100), "b": faulty()}
    with pytest.raises(type(error)) as caught:
        bench.run(agents)
    assert type(caught.value) is type(error)
    assert caught.value.args == error.args
    assert isinstance(bench.recorder, NotingRecorder)
    [(status, reason, t_ps, _)] = bench.recorder.closings
    assert status == "failed"
    assert type(error).__name__ in reason
    assert t_ps == bench.now_ps


@pytest.mark.parametrize("when", [0, 1, 5])
def test_a_controller_that_ends_early_is_a_complete_run(lab: SmallLab, when: int) -> None:
    outing = lab.run(lambda: settler(when))
    assert outing.result.status == "complete"
    assert len(rows_of(outing)) == when


def test_a_reading_that_is_not_finite_ends_the_run_as_diverged(
    lab: SmallLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def blinding() -> Controller:
        yield Forward(BATCH)
        monkeypatch.setattr(ChipCore, "read", lambda core, draw, passed_ps: (np.zeros((1, 1)), 0, math.nan))
        yield Forward(BATCH)
        raise AssertionError("the controller must not go on")

    outing = replace(lab, chip=ideal_chip()).run(blinding)
    assert outing.result.status == "diverged"
    assert "query 2" in outing.result.reason
    assert outing.rows.closings[0][:2] == ("diverged", outing.result.reason)
    assert len(rows_of(outing)) == 1


def test_a_controller_may_declare_its_own_divergence(lab: SmallLab) -> None:
    def giving_up() -> Controller:
        yield Settle(1)
        raise DivergedError("loss is NaN")

    outing = lab.run(giving_up)
    assert (outing.result.status, outing.result.reason) == ("diverged", "loss is NaN")


def test_every_error_class_raised_by_a_controller_keeps_its_type(lab: SmallLab) -> None:
    for kind in LightloopError.__subclasses__():
        if kind is not DivergedError:

            def faulty(kind: type[LightloopError] = kind) -> Controller:
                yield Settle(1)
                raise kind("what, where")

            with pytest.raises(kind, match="what, where"):
                lab.run(faulty)


def test_a_controller_that_will_not_be_closed_is_a_failure_and_not_a_hang(lab: SmallLab) -> None:
    def clinging() -> Controller:
        try:
            while True:
                yield Forward(BATCH)
        finally:
            yield Settle(1)

    bench = lab.bench(budget=BudgetConfig(queries=2))
    with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
        bench.run({"a": clinging()})
    assert isinstance(bench.recorder, NotingRecorder)
    assert bench.recorder.closings[0][0] == "failed"


def test_all_heaters_can_be_turned_off() -> None:
    def off() -> Controller:
        for phase in (0.1, 0.7, 0.0):
            for heater in range(45):
                yield SetPhases([heater], [phase * (1 + heater % 7)])

    for seed in range(10):
        lab = SmallLab(ideal_chip(), HASTY_HOST)
        bench = Bench({"chip": Stand(lab.chip, random_design(SIZES, seed)), "host": Stand(lab.host)}, 0)
        bench.attach(NotingRecorder())
        assert bench.run({"a": off()}).status == "complete"


class Grumbler:
    """Refuse to look a second time."""

    every_queries = 1000

    def __init__(self) -> None:
        self.looks = 0

    def observe(self, bench: Bench) -> Mapping[str, float]:
        self.looks += 1
        if self.looks > 1:
            raise ValueError("enough")
        return {}


def test_the_trace_is_closed_even_if_the_last_look_raises(lab: SmallLab) -> None:
    bench = lab.bench()
    with pytest.raises(ValueError, match="enough"):
        bench.run({"a": queries(2)}, [Grumbler()])
    assert isinstance(bench.recorder, NotingRecorder)
    assert [closing[0] for closing in bench.recorder.closings] == ["failed"]
