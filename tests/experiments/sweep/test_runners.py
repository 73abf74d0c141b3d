"""Forks, threads, Dask: each order has its outcome, a killed fork costs its own, and wrong names are refused."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from emulator.config.models import to_toml
from emulator.errors import ConfigError
from emulator.processes import module_command
from experiments.run.study import Study
from experiments.sweep import server
from experiments.sweep.runners import Farm, Pool, runner_of
from experiments.sweep.worker import FAILED, Order, carry_out

STAND_IN = """
import json, os, signal, sys
for line in sys.stdin:
    number, study, trace, controller = json.loads(line)
    if study == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    outcome = ["complete", study, [["queries", 1.0]], "source", ""] if study == "good" else None
    print(json.dumps([number, 0 if outcome else -9, outcome]), flush=True)
"""

KILLER = f"""
import os, signal, sys
import {server.__name__} as server
true = server.carry_out
server.carry_out = lambda order, alone: (
    os.kill(os.getpid(), signal.SIGKILL) if order.trace == "kill" else true(order, alone)
)
server.main()
"""


@pytest.fixture
def farm() -> Iterator[Farm]:
    farm = Farm(2, (sys.executable, "-c", STAND_IN))
    yield farm
    farm.close()


def test_a_killed_fork_is_the_failure_of_its_order_and_of_no_other(farm: Farm) -> None:
    found = [farm.start(Order(study)).result(20) for study in ("good", "bad", "good")]
    assert [one.status for one in found] == ["complete", FAILED, "complete"]
    assert found[1].reason == "killed by signal 9"
    assert found[0].numbers == (("queries", 1.0),)


def test_a_farm_that_loses_its_process_begins_another(farm: Farm) -> None:
    assert farm.start(Order("die")).result(20).reason == "killed by signal 9"
    assert farm.start(Order("good")).result(20).status == "complete"


@pytest.mark.slow  # starts a process that imports everything; the stand-in above is the short sibling
@pytest.mark.usefixtures("in_room", "small_trace")
def test_forks_of_a_real_server_give_what_this_process_gives(small_study: Study, tmp_path: Path) -> None:
    text = to_toml(small_study)
    command = module_command("x")
    farm = Farm(2, (*command[: command.index("-m")], "-c", KILLER))
    try:
        futures = [farm.start(Order(text, trace)) for trace in ("", "kill", str(tmp_path / "kept.h5"))]
        plain, killed, kept = (future.result(100) for future in futures)
    finally:
        farm.close()
    assert plain == kept == carry_out(Order(text))
    assert killed.reason == "killed by signal 9"
    assert (tmp_path / "kept.h5").exists()


@pytest.mark.usefixtures("in_room", "small_trace")
def test_threads_and_a_dask_scheduler_give_what_this_process_gives(small_study: Study) -> None:
    distributed = pytest.importorskip("distributed")
    order = Order(to_toml(small_study))
    expected = carry_out(order)
    with runner_of("threads", 2) as runner:
        assert [runner.start(order).result(60) for _ in range(2)] == [expected] * 2
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
    ) as cluster:
        with runner_of("dask", scheduler=cluster.scheduler_address) as runner:
            assert runner.start(order).result(60) == expected
        with distributed.Client(cluster) as client:
            assert Pool(client.get_executor()).start(order).result(60) == expected


@pytest.mark.slow
@pytest.mark.usefixtures("in_room", "small_trace")
def test_a_dask_cluster_of_processes_is_started_where_none_is_named(small_study: Study) -> None:
    pytest.importorskip("distributed")
    order = Order(to_toml(small_study))
    with runner_of("dask", workers=2) as runner:
        assert [runner.start(order).result(100) for _ in range(3)] == [carry_out(order)] * 3


@pytest.mark.parametrize(
    ("executor", "workers", "scheduler", "message"),
    [
        (
            "thread",
            2,
            None,
            r"'thread' is unknown; allowed: processes, threads, dask; did you mean 'threads'",
        ),
        ("threads", 0, None, "--workers 0 is refused"),
        ("threads", 2, "tcp://127.0.0.1:1", "--scheduler is for --executor dask"),
        (7, 2, None, "executor is a int; allowed: processes, threads, dask, or anything with the submit"),
    ],
)
def test_what_carries_out_nothing_is_refused(
    executor: str, workers: int, scheduler: str | None, message: str
) -> None:
    with pytest.raises(ConfigError, match=message), runner_of(executor, workers, scheduler):
        pass


def test_an_executor_of_the_callers_stays_open() -> None:
    with ThreadPoolExecutor(1) as executor:
        with runner_of(executor) as runner:
            assert runner.start(Order("nonsense = 1")).result(20).status == FAILED
        assert executor.submit(int).result(20) == 0
