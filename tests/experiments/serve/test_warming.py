"""What is said to a bench that nobody will use, before clients come."""

import pytest

from experiments.run.prepare import prepare
from experiments.run.run import make_bench
from experiments.run.study import Study
from experiments.serve.warming import warm_up

pytestmark = pytest.mark.usefixtures("in_room")


def test_a_chip_hears_every_kind_of_word_that_needs_a_kernel(small_study: Study) -> None:
    prepared = prepare(small_study)
    bench = make_bench(small_study, prepared)
    warm_up(bench, prepared.setting)
    assert bench.queries == 2
    assert bench.now_ps > 0


def test_it_leaves_the_bench_that_is_served_as_it_is(small_study: Study) -> None:
    prepared = prepare(small_study)
    before = make_bench(small_study, prepared)
    warm_up(make_bench(small_study, prepared), prepared.setting)
    after = make_bench(small_study, prepared)
    assert (before.now_ps, before.queries, before.energy_j) == (after.now_ps, after.queries, after.energy_j)
