"""What all populations do, each of them: they search, on what they were told, as often as they were told."""

import subprocess
import sys
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pytest

from controllers.kind import Kind
from controllers.populations import cmaes, ga, pso
from controllers.populations.search import PopulationOptions
from emulator.commands import Command, Compute, Incumbent, Log, Probe, Sequence
from emulator.errors import ConfigError
from tests.controllers.known_optimum import SETTING, SIZE, distance, of_kind, talk
from tests.controllers.populations.draws import digests
from tests.docs.test_readme import ROOT

KINDS: Final = {kind.name: kind for kind in (cmaes.KIND, ga.KIND, pso.KIND)}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def options_of(kind: Kind, **said: Any) -> PopulationOptions:
    options = kind.options.model_validate({"population": 10, "queries": 400, **said})
    assert isinstance(options, PopulationOptions)
    return options


def asked(kind: Kind, **said: Any) -> list[Command]:
    return list(talk(kind.start(options_of(kind, **said), SETTING).controller))


def candidates(commands: list[Command]) -> list[list[float]]:
    return [row.tolist() for each in of_kind(commands, Sequence) for row in each.radians]


@every_kind
def test_it_comes_nearer_to_the_optimum(kind: Kind) -> None:
    named = [distance(each) for each in of_kind(asked(kind, queries=1200), Incumbent)]
    assert named[0] == pytest.approx(0.3 * np.sqrt(SIZE))
    assert named[-1] < 0.6 * named[0]


@every_kind
def test_it_reads_the_whole_training_set_unless_it_is_told_to_take_mini_batches(kind: Kind) -> None:
    whole, parts = (of_kind(asked(kind, **said), Sequence) for said in ({}, {"batch_size": 8}))
    assert {len(each.batch.labels) for each in whole} == {len(SETTING.inputs)}
    assert {len(each.batch.labels) for each in parts} == {8}
    assert len({each.batch.key for each in parts}) == len(parts)


@every_kind
def test_by_the_host_the_same_candidates_are_read_probe_by_probe(kind: Kind) -> None:
    by_host = of_kind(asked(kind, loop="host"), Probe)
    assert [list(each.radians) for each in by_host] == candidates(asked(kind))


@every_kind
def test_a_budget_that_ends_with_the_first_generation_is_refused_before_the_run(kind: Kind) -> None:
    with pytest.raises(ConfigError, match=r"is too small: a generation of this .* takes 10"):
        kind.start(options_of(kind), replace(SETTING, query_budget=10))
    kind.start(options_of(kind), replace(SETTING, query_budget=11))


@every_kind
def test_no_query_too_many_is_asked_and_a_program_says_how_many_may_be(kind: Kind) -> None:
    program = kind.start(options_of(kind, queries=95), SETTING)
    assert program.queries == 95
    assert 80 < len(candidates(list(talk(program.controller)))) <= 95


@every_kind
def test_fewer_queries_than_a_generation_are_refused_before_the_run_begins(kind: Kind) -> None:
    with pytest.raises(
        ConfigError, match=rf"controller\.queries = 9 .* '{kind.name}': a generation takes 10"
    ):
        kind.start(options_of(kind, queries=9), SETTING)


@every_kind
def test_the_host_is_charged_for_every_generation_that_is_told(kind: Kind) -> None:
    commands = asked(kind)
    work = of_kind(commands, Compute)
    told = [each for each in of_kind(commands, Log) if each.name == "train_loss"]
    assert len(work) == len(told) == len(of_kind(commands, Sequence))
    assert all(each.flops >= SIZE * 10 for each in work)


_ELSEWHERE: Final = "from tests.controllers.populations.draws import digests; print(*digests())"


def test_again_and_in_another_process_with_other_hashes_every_bit_is_the_same() -> None:
    environment = {"PYTHONHASHSEED": "77", "PATH": "", "OPENBLAS_NUM_THREADS": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE], cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
        timeout=100,
    )  # fmt: skip
    assert ran.stdout.split() == digests() == digests()


@every_kind
def test_without_its_package_one_line_says_how_to_install_it(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = {"cmaes": "cmaes"}.get(kind.name, "pymoo")
    for name in [each for each in sys.modules if each.partition(".")[0] == package]:
        monkeypatch.setitem(sys.modules, name, None)  # type: ignore[arg-type]  # Python's sign for absent
    words = (
        rf"controller\.kind = '{kind.name}' needs the package {package}: pip install 'lightloop\[evolve\]'"
    )
    with pytest.raises(ConfigError, match=words):
        kind.start(options_of(kind), SETTING)
