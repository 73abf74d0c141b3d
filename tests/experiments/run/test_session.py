"""A script's runs: studies with changes, traces where they are asked for, controllers of the user's own."""

from pathlib import Path

import numpy as np
import pytest

from emulator.commands import Controller, Forward, Log, SetPhases, Settle
from emulator.errors import ConfigError, TraceError
from emulator.trace.open import open_trace
from experiments.run.session import Setting, open_study, run
from experiments.tasks.weight_cache import default_folder

FEW = {"controller.queries": 4}


def listen(setting: Setting) -> Controller:
    """Read three batches and move one heater."""
    batches = setting.batches(8)
    for _ in range(3):
        reading = yield Forward(next(batches))
        yield Log("highest", float(reading.outputs.max()))
    yield SetPhases(setting.heaters[:1].tolist(), setting.phases[:1].tolist())
    yield Settle()


def test_a_study_is_run_by_its_name_with_changes_into_a_trace(tmp_path: Path) -> None:
    out = tmp_path / "new" / "x.h5"
    result = run("vowel_recovery", out, FEW, seed=3)
    with open_trace(out) as trace:
        assert (trace.status, trace.queries, trace.seed) == (result.status, result.queries, 3)
        assert trace.metrics()["test_accuracy"].value[0] > 0


def test_a_study_that_is_open_runs_as_it_is_and_leaves_nothing_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = open_study("vowel_recovery", FEW)
    monkeypatch.setenv("LIGHTLOOP_CACHE", str(default_folder().resolve()))
    monkeypatch.chdir(tmp_path)
    assert 4 <= run(study).queries < 10
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConfigError, match="open_study"):
        run(study, changes=FEW)


def test_a_controller_of_one_s_own_is_measured_like_the_study_s(tmp_path: Path) -> None:
    run("vowel_recovery", tmp_path / "x.h5", controller=listen)
    run("vowel_recovery", tmp_path / "theirs.h5", FEW)
    with open_trace(tmp_path / "x.h5") as mine, open_trace(tmp_path / "theirs.h5") as theirs:
        assert mine.queries == 3
        assert mine.labels("commands.agent") == ("listen",)
        assert len(mine.metrics()["highest"].value) == 3
        first = "test_accuracy", "val_loss", "ideal_test_accuracy"
        for name in first:
            assert mine.metrics()[name].value[0] == theirs.metrics()[name].value[0]


def test_a_controller_is_given_the_design_and_streams_of_the_seed() -> None:
    given: list[Setting] = []

    def keep(setting: Setting) -> Controller:
        given.append(setting)
        yield Settle()

    for seed in (0, 0, 1):
        run("vowel_recovery", changes={"task.seed": 0}, seed=seed, controller=keep)
    one, same, other = given
    assert len(one.heaters) == len(one.phases) > 0
    assert len(one.inputs) == len(one.targets)
    assert np.array_equal(next(one.batches(4)).inputs, next(same.batches(4)).inputs)
    assert not np.array_equal(next(one.batches(4)).inputs, next(other.batches(4)).inputs)


def test_what_is_refused_is_refused_before_a_file_exists(tmp_path: Path) -> None:
    out = tmp_path / "x.h5"
    with pytest.raises(ConfigError, match=r"controller\.queris"):
        run("vowel_recovery", out, {"controller.queris": 4})
    assert list(tmp_path.iterdir()) == []
    out.write_text("mine")
    with pytest.raises(TraceError, match="lies here already"):
        run("vowel_recovery", out, FEW)
    assert out.read_text() == "mine"
