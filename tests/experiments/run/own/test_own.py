"""A controller of one's own runs as the study's would, and the trace says what ran."""

import functools
from pathlib import Path

import numpy as np
import pytest

from controllers.own import OwnOptions
from emulator.commands import Compute, Controller, Settle
from emulator.errors import ConfigError
from emulator.trace.open import open_trace
from experiments.cli import main
from experiments.run.own.own import own_of, with_own
from experiments.run.session import Setting, open_study, run
from experiments.run.study import study_from_text

RUN = ("run", "vowel_recovery", "-q", "--out", "x.h5", "--controller")


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return what the command line says when it refuses, which is one line."""
    capsys.readouterr()
    assert main(list(words)) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


@pytest.mark.usefixtures("mine")
def test_a_file_named_beside_the_study_runs_and_is_named_wherever_the_trace_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = ("--set", "controller.steps=5", "--set", "controller.queries=4", "--set", "controller.gain=1")
    assert main([*RUN, "mine.py:tune", *settings]) == 0
    assert "tune (mine.py:tune) on vowel" in capsys.readouterr().out
    with open_trace("x.h5") as trace:
        study = study_from_text(trace.config_text)
        assert isinstance(study.controller, OwnOptions)
        assert (trace.queries, trace.status, trace.labels("commands.agent")) == (4, "budget", ("tune",))
        assert study.controller.arguments == ("steps=5", "gain=1")
        assert {"test_accuracy", "ideal_test_accuracy", "train_loss"} <= set(trace.metrics())
        assert "sparsity" not in trace.config_text
        assert "szo_scd" not in study.title.lower()


@pytest.mark.slow
@pytest.mark.usefixtures("mine")
def test_every_view_names_what_ran(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "mine.py:tune"]) == 0
    for words in (
        ["inspect", "x.h5"],
        ["report", "x.h5", "-o", "x.html"],
        ["figure", "x.h5", "-o", "x.png"],
        ["compare", "x.h5", "x.h5"],
        ["whatif", "x.h5", "--set", "chip.link.latency_s=9 us"],
        ["replay", "x.h5", "--mode", "closed"],
        ["replay", "x.h5", "--mode", "timed"],
    ):
        assert main(words) == 0
        assert "SZO-SCD" not in capsys.readouterr().out
    assert "tune (mine.py:tune)" in Path("x.html").read_text(encoding="utf-8")


def test_a_rerun_wants_the_very_file_and_function(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "mine.py:tune", "--set", "controller.gain=0.3"]) == 0
    again = ("replay", "x.h5", "--mode", "rerun")
    assert main([*again, "--controller", "mine.py:tune"]) == 0
    assert "identical: true" in capsys.readouterr().out
    assert "mine.py:tune, and no study or trace brings a program along" in refused(capsys, *again)
    assert "name the same function" in refused(capsys, *again, "--controller", "mine.py:late")
    assert "is for --mode rerun" in refused(
        capsys, "replay", "x.h5", "--mode", "timed", "--controller", "mine.py:tune"
    )
    mine.write_text(mine.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    said = refused(capsys, *again, "--controller", "mine.py:tune")
    assert "give the file that ran" in said
    assert main(["run", "vowel_recovery", "-q", "--out", "y.h5", "--set", "controller.queries=3"]) == 0
    said = refused(capsys, "replay", "y.h5", "--mode", "rerun", "--controller", "mine.py:tune")
    assert "leave it out" in said


@pytest.mark.usefixtures("mine")
def test_no_study_brings_a_program_along(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "mine.py:tune"]) == 0
    capsys.readouterr()
    assert main(["config", "x.h5"]) == 0
    Path("s.toml").write_text(capsys.readouterr().out, encoding="utf-8")
    for more in ([], ["--dry-run"]):
        assert "--controller FILE.py:NAME" in refused(capsys, "run", "s.toml", "--out", "y.h5", *more)
    assert main(["run", "s.toml", "-q", "--out", "y.h5", "--controller", "mine.py:tune"]) == 0
    Path("t.toml").write_text('[controller]\nkind = "mine.py:tune"\n', encoding="utf-8")
    assert "--controller FILE.py:NAME" in refused(capsys, "run", "t.toml", "--out", "z.h5")
    assert not Path("z.h5").exists()


@pytest.mark.usefixtures("mine")
def test_a_dry_run_tries_the_controller_that_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "mine.py:tune", "--dry-run", "--set", "controller.steps=9"]) == 0
    assert "9, ended by the controller" in capsys.readouterr().out
    assert not Path("x.h5").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("needy", "mine.py line 16: it takes gain besides the setting"),
        ("early", "mine.py line 21: ZeroDivisionError: division by zero"),
        ("wrong", "mine.py line 26: it yields int 3, which is no command; allowed: Compute"),
        ("nobody", "mine.py line 40: it takes no argument"),
        ("plain", "mine.py line 44: it returned list, which is no generator"),
        ("silent", "ended before its first command"),
    ],
)
@pytest.mark.usefixtures("mine")
def test_what_cannot_begin_is_refused_with_file_and_line_and_leaves_nothing(
    name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in refused(capsys, *RUN, f"mine.py:{name}")
    assert not list(Path().glob("x.*"))


@pytest.mark.parametrize(
    ("name", "said"),
    [("late", "mine.py line 32: ValueError: cannot reshape"), ("wrong_late", "mine.py line 37: ")],
)
@pytest.mark.usefixtures("mine")
def test_what_fails_on_the_way_is_told_with_file_and_line(
    name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in refused(capsys, *RUN, f"mine.py:{name}")
    with open_trace("x.h5") as trace:
        assert trace.status == "failed"


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (
            "controller.gian=0.1",
            "allowed: gain, steps, name, queries, batch_size; did you mean 'gain'",
        ),
        ("controller.steps=0.5", "controller.steps = 0.5 is refused; mine.py:tune takes a int"),
        ("controller.name=3", "takes a str"),
        ("controller.sparsity=0.5", "takes no 'sparsity'"),
        ("controller.queries=0", "controller.queries = 0 is refused"),
        ("controller.batch_size=100000", "batch_size"),
        ("controller.gain.x=1", "takes a float"),
    ],
)
@pytest.mark.usefixtures("mine")
def test_arguments_that_the_function_does_not_take_are_refused(
    setting: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in refused(capsys, *RUN, "mine.py:tune", "--set", setting)
    assert not Path("x.h5").exists()


def idle(setting: Setting, waits: int = 1) -> Controller:
    """Settle so often."""
    for _ in range(waits):
        yield Settle()


def think(setting: Setting) -> Controller:
    """Compute once."""
    yield Compute(len(setting.inputs), 8)


@pytest.mark.usefixtures("mine")
def test_python_s_way_is_recorded_like_the_command_line_s() -> None:
    run("vowel_recovery", "a.h5", {"controller.waits": 2, "title": "my title"}, controller=idle)
    run("vowel_recovery", "b.h5", controller=functools.partial(idle, waits=2))
    found = []
    for path in ("a.h5", "b.h5"):
        with open_trace(path) as trace:
            study = study_from_text(trace.config_text)
            assert isinstance(study.controller, OwnOptions)
            found.append(study)
            assert len(trace.commands.agent) == 2
    assert found[0].title == "my title"
    assert found[0].controller == found[1].controller
    assert found[0].controller.arguments == ("waits=2",)  # type: ignore[attr-defined]
    assert len(found[0].controller.source) == 32  # type: ignore[attr-defined]


@pytest.mark.usefixtures("mine")
def test_an_error_in_python_stays_what_it_is() -> None:
    def broken(setting: Setting) -> Controller:
        yield Settle()
        raise KeyError(len(setting.phases))

    with pytest.raises(KeyError):
        run("vowel_recovery", controller=broken)
    with pytest.raises(ConfigError, match="allowed: a function"):
        run("vowel_recovery", controller=3)  # type: ignore[arg-type]


@pytest.mark.usefixtures("mine")
def test_batches_and_randomness_are_the_seed_s_and_the_budget_is_the_least() -> None:
    given: list[Setting] = []

    def keep(setting: Setting) -> Controller:
        given.append(setting)
        yield Settle()

    for seed in (0, 0, 1):
        run(
            "vowel_recovery", changes={"controller.batch_size": 8, "task.seed": 0}, seed=seed, controller=keep
        )
    one, same, other = given
    first = next(one.batches)
    assert first.inputs.shape[0] == 8
    assert np.array_equal(first.inputs, next(same.batches(8)).inputs)
    assert next(iter(one.batches)).key == 1
    assert [draws.rng.random() for draws in (one, same)] == [same.stream("controller/own").random()] * 2
    assert other.rng.random() != one.stream("controller/own").random()
    study = open_study("vowel_recovery", {"budget.queries": 7})
    assert with_own(study, own_of(keep)).budget.queries == 7


@pytest.mark.usefixtures("mine")
def test_one_s_own_controller_trains_by_light_where_the_study_does() -> None:
    small = {"task.hidden": [8], "controller.batch_size": 4}
    run("mnist_light", "x.h5", small, controller=think)
    with open_trace("x.h5") as trace:
        study = study_from_text(trace.config_text)
        assert study.controller.in_place_of == "odfa"  # type: ignore[attr-defined]
        assert len(trace.metrics()["test_accuracy"].value) == 2
