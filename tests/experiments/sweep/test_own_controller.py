"""Sweeps of a controller of one's own: every worker loads the file that was planned with, and traces say which."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from emulator.errors import ConfigError
from emulator.trace.open import open_trace
from experiments.inspect.inspection import study_title
from experiments.run.own.own import digest_of
from experiments.run.study import study_from_text
from experiments.sweep.plan import Plan, plan_of
from experiments.sweep.sweep import Manner, Swept, run_sweep
from tests.experiments.sweep.runs import SHORT, Here

pytestmark = pytest.mark.usefixtures("in_room", "small_trace")

PROGRAM = """
from lightloop import Probe

def walk(setting, gain=0.1, tries=8):
    batch = next(setting.batches)
    for turn in range(tries):
        heater = setting.heaters[turn : turn + 1]
        yield Probe(heater, setting.phases[turn : turn + 1] + gain, batch)
"""
SETTINGS = tuple(one for one in SHORT if not one.startswith("controller."))
AXIS = ("controller.gain=0.1,0.4",)
TABLES = ("results.csv", "summary.csv", "summary.md", "sweep.json")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(PROGRAM, encoding="utf-8")
    return path


def planned(program: Path, axis: tuple[str, ...] = AXIS) -> Plan:
    return plan_of("vowel_recovery", axis, 2, SETTINGS, controller=f"{program}:walk")


def swept(plan: Plan, out: Path, executor: Here | str) -> Swept:
    return run_sweep(plan, out, Manner(executor, figures=False))


def bytes_of(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in TABLES]


def test_its_arguments_are_swept_and_every_trace_says_which_file_ran(program: Path, tmp_path: Path) -> None:
    found = swept(planned(program), tmp_path / "sweep", Here())
    assert [row.status for row in found.rows] == ["complete"] * 4
    assert [row.run.values for row in found.rows] == [(0.1,), (0.1,), (0.4,), (0.4,)]
    for row in found.rows:
        with open_trace(found.out / "traces" / f"{row.run.name}.h5") as trace:
            assert trace.labels("commands.agent") == ("walk",)
            assert study_title(trace).startswith("walk (mine.py:walk)")
            options = study_from_text(trace.config_text).controller
            assert getattr(options, "source", "") == digest_of(program)
            assert trace.queries == 8
    assert json.loads((found.out / "sweep.json").read_text())["controller"] == f"{program}:walk"


def test_stopped_and_called_again_the_bytes_are_those_of_one_that_never_stopped(
    program: Path, tmp_path: Path
) -> None:
    whole = swept(planned(program), tmp_path / "whole", Here())

    def stop(number: int) -> None:
        if number == 3:
            raise OSError("the third is lost")

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        broken = swept(planned(program), tmp_path / "stopped", Here(stop))
        assert [row.status for row in broken.rows].count("failed") == 1
        again = Here()
        swept(planned(Path("mine.py")), tmp_path / "stopped", again)
    assert again.submitted == 1
    assert bytes_of(tmp_path / "stopped") == bytes_of(whole.out)


def test_threads_give_the_same_as_one_after_the_other(program: Path, tmp_path: Path) -> None:
    swept(planned(program), tmp_path / "here", Here())
    with ThreadPoolExecutor(2) as executor:
        run_sweep(planned(program), tmp_path / "there", Manner(executor, figures=False))
    assert bytes_of(tmp_path / "there") == bytes_of(tmp_path / "here")


@pytest.mark.slow  # starts a process that imports everything
def test_forks_load_it_too(program: Path, tmp_path: Path) -> None:
    swept(planned(program), tmp_path / "here", Here())
    swept(planned(program), tmp_path / "there", "processes")
    assert bytes_of(tmp_path / "there") == bytes_of(tmp_path / "here")


def test_a_file_that_changes_after_the_plan_is_refused_by_its_workers_and_names_new_points(
    program: Path, tmp_path: Path
) -> None:
    plan = planned(program)
    program.write_text(PROGRAM.replace("0.1", "0.2"), encoding="utf-8")
    found = swept(plan, tmp_path / "sweep", Here())
    assert {row.status for row in found.rows} == {"failed"}
    assert "give the file that ran" in found.rows[0].reason
    names = {run.name for run in planned(program).runs}
    assert names.isdisjoint({run.name for run in plan.runs})


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        (("controller.gian=1,2",), "did you mean 'gain'"),
        (("controller.tries=1.5,2",), "tries"),
    ],
)
def test_what_the_function_does_not_take_is_refused_before_anything_is_written(
    program: Path, tmp_path: Path, axis: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        planned(program, axis)
    assert not (tmp_path / "sweep").exists()


def test_a_study_whose_controller_nobody_names_is_refused(program: Path) -> None:
    study = planned(program).runs[0].study
    with pytest.raises(ConfigError, match="--controller"):
        plan_of(study, ("chip.dac.bits=6,8",))


def test_a_program_that_raises_is_a_row_that_says_in_which_line(program: Path, tmp_path: Path) -> None:
    program.write_text(PROGRAM + "    raise ValueError('enough')\n", encoding="utf-8")
    found = swept(planned(program), tmp_path / "sweep", Here())
    assert "enough" in found.rows[0].reason
    assert "line 9" in found.rows[0].reason
