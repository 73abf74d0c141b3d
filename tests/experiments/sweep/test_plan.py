"""A plan is every point with every seed, built and checked; what a run would refuse is refused with its point."""

from pathlib import Path

import pytest

from emulator.errors import ConfigError
from experiments.run.launch import open_study
from experiments.run.prepare import task_of
from experiments.run.study import Study
from experiments.sweep import plan as planning
from experiments.sweep.plan import plan_of
from experiments.sweep.sweep import sweep
from experiments.tasks.task import Task
from tests.experiments.sweep.runs import SHORT

BITS = "chip.dac.bits=6,8"
SETTLE = "chip.heaters.settle_s=1 us:100 us:3:log"


def test_axes_make_a_grid_with_every_seed_and_values_in_si_units() -> None:
    plan = plan_of("vowel_recovery", (BITS, SETTLE), 2, SHORT)
    assert (plan.paths, plan.seeds) == (("chip.dac.bits", "chip.heaters.settle_s"), (0, 1))
    assert (plan.points, len(plan.runs)) == (6, 12)
    assert [run.values for run in plan.runs[::2]] == [
        (bits, pytest.approx(settle)) for bits in (6, 8) for settle in (1e-6, 1e-5, 1e-4)
    ]
    assert [run.seed for run in plan.runs[:4]] == [0, 1, 0, 1]
    assert {run.study.trace.detail for run in plan.runs} == {"summary"}


def test_the_first_point_goes_first_with_every_seed_then_seed_by_seed() -> None:
    runs = plan_of("vowel_recovery", ("chip.dac.bits=6,8,10",), 2, SHORT).in_order
    assert [(run.point, run.seed) for run in runs] == [(1, 0), (1, 1), (2, 0), (3, 0), (2, 1), (3, 1)]


def test_an_axis_that_grows_keeps_the_names_of_its_points() -> None:
    small = {run.name for run in plan_of("vowel_recovery", (BITS,), 1, SHORT).runs}
    large = {run.name for run in plan_of("vowel_recovery", ("chip.dac.bits=6,8,10",), 2, SHORT).runs}
    assert small < large
    assert len(large) == 6
    opened = open_study("vowel_recovery", SHORT)
    assert small == {run.name for run in plan_of(opened, (BITS,), 1).runs}
    other = {run.name for run in plan_of("vowel_recovery", (BITS,), 1, (*SHORT, "host.overhead_s=1")).runs}
    assert not small & other


def test_a_file_that_a_study_names_counts_by_its_content(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("1,2", encoding="utf-8")
    settings = (*SHORT, f'title="{file}"')
    before = plan_of("vowel_recovery", (BITS,), 1, settings).runs[0].name
    assert plan_of("vowel_recovery", (BITS,), 1, settings).runs[0].name == before
    file.write_text("1,3", encoding="utf-8")
    assert plan_of("vowel_recovery", (BITS,), 1, settings).runs[0].name != before


def test_seeds_go_on_from_the_first() -> None:
    assert plan_of("vowel_recovery", (BITS,), 2, SHORT, seed=7).seeds == (7, 8)
    assert plan_of("vowel_recovery", (BITS,), 2, (*SHORT, "seed=3")).seeds == (3, 4)


def test_more_detail_takes_more_room() -> None:
    small = plan_of("vowel_recovery", (BITS,), 1, SHORT).bytes_at_most
    assert small < plan_of("vowel_recovery", (BITS,), 1, (*SHORT, "trace.detail=full")).bytes_at_most


@pytest.mark.parametrize(
    ("sweeps", "seeds", "message"),
    [
        ((), 1, "nothing is swept; give --sweep PATH=V1,V2"),
        ((BITS,), 0, "--seeds 0 is refused"),
        (("chip.dac.bits=6,99",), 1, "the point chip.dac.bits=99 is refused: .*chip.dac.bits"),
        (("chip.dac.bist=6",), 1, "the point chip.dac.bist=6 is refused: .*did you mean"),
        (("chip.dac.bits=6,8,6",), 1, "points 1 and 3 are the same study: chip.dac.bits = 6"),
        ((BITS, "chip.dac.bits=9"), 1, "--sweep chip.dac.bits is given twice"),
        (("seed=1,2",), 1, "--sweep seed is refused: seeds are counted by --seeds"),
        (
            ("host.overhead_s=0:1:9000",),
            2,
            "9,000 points with 2 seeds are 18,000 runs; allowed: up to 10,000",
        ),
    ],
)
def test_what_a_run_would_refuse_is_refused_with_its_point(
    sweeps: tuple[str, ...], seeds: int, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        plan_of("vowel_recovery", sweeps, seeds, SHORT)


def test_too_many_runs_are_refused_before_any_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[object] = []
    monkeypatch.setattr(planning, "_built", lambda *words: built.append(words))
    with pytest.raises(ConfigError, match="runs; allowed"):
        plan_of("vowel_recovery", ("host.overhead_s=0:1:9000", BITS), 1, SHORT)
    assert built == []


def test_a_point_that_no_memory_holds_is_refused_with_its_values_before_anything_is_written(
    tmp_path: Path,
) -> None:
    with pytest.raises(
        ConfigError, match=r"point task\.hidden = .*100000.* is refused: .*fit: task\.hidden = "
    ):
        sweep(
            "vowel_recovery",
            {"task.hidden": [[16], [100_000, 100_000]]},
            tmp_path / "s",
            changes={"task.seed": 0},
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("axis", "said"),
    [
        ("controller.batch_size=8,100000", r"point controller\.batch_size = 100000 is refused: .* samples"),
        ("task.file=/nowhere/mine.csv", r"point task\.file = /nowhere/mine\.csv is refused: "),
        ("task.model=mlp,nothing", r"point task\.model = nothing is refused: "),
    ],
)
def test_what_a_run_would_refuse_before_its_work_is_refused_with_the_point(axis: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        plan_of("vowel_recovery", (axis,), 1, SHORT)


def test_data_is_read_once_for_all_points_and_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counted(study: Study) -> Task:
        asked.append(study.seed)
        return task_of(study)

    monkeypatch.setattr(planning, "task_of", counted)
    plan_of("vowel_recovery", (BITS, SETTLE), 3, SHORT)
    assert asked == [0]
