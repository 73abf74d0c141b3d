"""Sweeps of a short study: whoever runs them and however often they stop, the same bytes come of it."""

import csv
import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import lightloop
from emulator.errors import ConfigError, TaskError
from emulator.trace.open import open_trace
from experiments.sweep import worker
from experiments.sweep.plan import Plan, plan_of
from experiments.sweep.sweep import Manner, Swept, run_sweep, sweep
from tests.experiments.sweep.runs import SHORT, Here

pytestmark = pytest.mark.usefixtures("in_room", "small_trace")

AXIS = ("chip.dac.bits=6,8",)
TABLES = ("results.csv", "summary.csv", "summary.md", "sweep.json")
FIGURES = ("sweep.svg", "pareto.svg")
PARETO = "accuracy,energy_j"


def bare(executor: Here) -> Manner:
    return Manner(executor, figures=False)


@pytest.fixture
def plan() -> Plan:
    return plan_of("vowel_recovery", AXIS, 2, SHORT)


@pytest.fixture(scope="module")
def whole(room: Path, tmp_path_factory: pytest.TempPathFactory) -> Swept:
    """Return the sweep that was never stopped."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(room)
        out = tmp_path_factory.mktemp("whole") / "sweep"
        return run_sweep(plan_of("vowel_recovery", AXIS, 2, SHORT), out, Manner(Here(), parquet=True), PARETO)


def same_bytes(one: Path, other: Path, names: tuple[str, ...] = TABLES) -> bool:
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in names)


def test_a_row_a_point_and_seed_with_numbers_of_its_trace(whole: Swept) -> None:
    with (whole.out / "results.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["point"], row["chip.dac.bits"], row["seed"]) for row in rows] == [
        ("1", "6", "0"), ("1", "6", "1"), ("2", "8", "0"), ("2", "8", "1")
    ]  # fmt: skip
    for row in rows:
        with open_trace(whole.out / "traces" / f"{row['name']}.h5") as trace:
            assert float(row["elapsed_s"]) == trace.elapsed_s
            assert int(row["queries"]) == trace.queries
            assert trace.seed == int(row["seed"])
        assert row["status"] == "complete"
        assert float(row["accuracy_low"]) < float(row["accuracy"]) < float(row["accuracy_high"])


def test_the_same_seed_is_the_same_chip_and_task_at_every_point(whole: Swept) -> None:
    ideal = {(row.run.point, row.run.seed): row.numbers["ideal_test_accuracy"] for row in whole.rows}
    assert ideal[1, 0] == ideal[2, 0]


def test_parquet_holds_the_same_table(whole: Swept) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(whole.out / "results.parquet").to_pylist()
    assert [row["elapsed_s"] for row in table] == [row.numbers["elapsed_s"] for row in whole.rows]
    assert [row["chip.dac.bits"] for row in table] == [6, 6, 8, 8]


def test_a_stopped_sweep_leaves_what_it_has_and_ends_with_the_same_bytes(
    plan: Plan, whole: Swept, tmp_path: Path
) -> None:
    out = tmp_path / "stopped"

    def stop(done: int, total: int, failed: int) -> None:
        if done == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    found = run_sweep(plan, out, bare(Here()), PARETO, stop)
    assert (found.stopped, found.missing, len(found.rows)) == (signal.SIGTERM, 2, 2)
    assert (out / "results.csv").read_text(encoding="utf-8").count("\n") == 3
    rest = Here()
    found = run_sweep(plan, out, Manner(rest), PARETO)
    assert (found.stopped, found.missing, rest.submitted) == (0, 0, 2)
    assert same_bytes(out, whole.out, TABLES + FIGURES)


def test_threads_give_the_same_bytes(plan: Plan, whole: Swept, tmp_path: Path) -> None:
    run_sweep(plan, tmp_path / "threads", Manner("threads", workers=2, figures=False), PARETO)
    assert same_bytes(tmp_path / "threads", whole.out)


def test_any_executor_will_do_and_the_public_face_takes_values(whole: Swept, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    with ThreadPoolExecutor(2) as executor:
        changes = dict(setting.split("=") for setting in SHORT)
        numbers = {key: int(value) if value.isdigit() else value for key, value in changes.items()}
        found = lightloop.sweep(
            "vowel_recovery", {"chip.dac.bits": [6, 8]}, out, 2, numbers, executor, pareto=PARETO
        )
    assert [row.numbers for row in found.rows] == [row.numbers for row in whole.rows]
    assert (out / "results.csv").read_bytes() == (whole.out / "results.csv").read_bytes()


@pytest.mark.slow  # starts processes that import everything
@pytest.mark.parametrize("workers", [1, 2])
def test_processes_give_the_same_bytes(plan: Plan, whole: Swept, workers: int, tmp_path: Path) -> None:
    run_sweep(plan, tmp_path / "forks", Manner(workers=workers, figures=False), PARETO)
    assert same_bytes(tmp_path / "forks", whole.out)


def test_what_is_there_is_kept_and_a_longer_axis_adds_to_it(plan: Plan, whole: Swept, tmp_path: Path) -> None:
    out = tmp_path / "grows"
    run_sweep(plan_of("vowel_recovery", ("chip.dac.bits=6",), 2, SHORT), out, bare(Here()))
    more = Here()
    run_sweep(plan, out, bare(more), PARETO)
    assert more.submitted == 2
    assert same_bytes(out, whole.out)


def test_a_failed_point_is_a_row_with_its_reason_and_is_tried_again(
    plan: Plan, whole: Swept, tmp_path: Path
) -> None:
    def spoil(number: int) -> None:
        if number == 2:
            raise OSError("a worker died")

    out = tmp_path / "failed"
    found = run_sweep(plan, out, bare(Here(spoil)), PARETO)
    assert [row.reason for row in found.failed] == ["OSError: a worker died"]
    with pytest.raises(TaskError, match=r"1 of 4 runs failed, first chip.dac.bits = 6, seed = 1: OSError"):
        found.raise_failures()
    with (out / "results.csv").open(encoding="utf-8", newline="") as file:
        assert [(row["status"], row["energy_j"] == "") for row in csv.DictReader(file)] == [
            ("complete", False), ("failed", True), ("complete", False), ("complete", False)
        ]  # fmt: skip
    again = Here()
    found = run_sweep(plan, out, bare(again), PARETO)
    assert (again.submitted, found.failed) == (1, ())
    assert same_bytes(out, whole.out)


def test_a_point_that_has_failed_often_enough_is_left_alone(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("always")

    monkeypatch.setattr(worker, "check_kernels", broken)
    for expected in (4, 4, 0):
        executor = Here()
        found = run_sweep(plan, tmp_path / "never", Manner(executor, attempts=2, figures=False))
        assert (executor.submitted, len(found.failed)) == (expected, 4)
    tried = Here()
    run_sweep(plan, tmp_path / "never", Manner(tried, attempts=3, figures=False))
    assert tried.submitted == 4


def test_without_traces_the_table_is_the_same(plan: Plan, whole: Swept, tmp_path: Path) -> None:
    out = tmp_path / "bare"
    run_sweep(plan, out, Manner(Here(), keep_traces=False, figures=False), PARETO)
    assert same_bytes(out, whole.out)
    assert not (out / "traces").exists()


def test_json_has_rows_and_points(whole: Swept) -> None:
    tree = json.loads(whole.to_json(), parse_constant=pytest.fail)
    assert [row["chip.dac.bits"] for row in tree["rows"]] == [6, 6, 8, 8]
    assert tree["points"][1]["numbers"]["accuracy"]["to_first"]["n"] == 2
    assert (tree["runs"], tree["missing"]) == (4, 0)


def test_a_folder_of_something_else_is_refused_and_left_as_it_is(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"no folder of a sweep: it holds 'results\.csv'"):
        run_sweep(plan, tmp_path, Manner(Here()))
    assert os.listdir(tmp_path) == ["results.csv"]


@pytest.mark.parametrize(
    ("manner", "pareto", "message"),
    [
        (Manner(workers=0), "", "--workers 0 is refused"),
        (Manner(attempts=0), "", "--attempts 0 is refused"),
        (Manner("procesess"), "", "did you mean 'processes'"),
        (Manner(), "accuracy", "two or more different names"),
    ],
)
def test_what_is_refused_leaves_nothing(
    plan: Plan, manner: Manner, pareto: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        run_sweep(plan, tmp_path / "none", manner, pareto)
    assert not (tmp_path / "none").exists()


def test_values_that_are_no_values_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="allowed: a number"):
        sweep("vowel_recovery", {"chip.dac.bits": [object()]}, tmp_path / "none")
