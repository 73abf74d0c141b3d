"""The paper's networks have the phases that it counts, and queries are counted on a running mean."""

import numpy as np
import pytest

from experiments.paper.szo_scd.networks import ALL, LONG_VOWEL, MNIST, VOWEL, Network, evaluated, queries_to
from experiments.run.prepare import task_of
from experiments.run.study import study_from_overrides
from tests.experiments.paper.outcomes import of_curve


@pytest.mark.parametrize("network", ALL, ids=lambda one: one.name)
def test_a_network_is_the_one_that_its_study_deploys(network: Network) -> None:
    study = study_from_overrides((*network.overrides, *network.spent(1000)))
    assert task_of(study).layer_sizes == network.layers


def test_full_meshes_have_the_papers_counts_and_thin_ones_as_many_phases_as_weights() -> None:
    assert [one.idle("square").size for one in (VOWEL, LONG_VOWEL, MNIST)] == [542, 1204, 3223]
    assert [one.idle("thin").size for one in (VOWEL, LONG_VOWEL, MNIST)] == [448, 960, 2352]


def test_a_run_is_never_longer_than_the_papers() -> None:
    assert VOWEL.spent(10**9) == ("controller.queries=20000",)
    assert VOWEL.spent(500) == ("controller.queries=500",)
    assert evaluated(20_000) == "evaluation.every_queries=100"
    assert evaluated(10, 200) == "evaluation.every_queries=1"


def test_a_lucky_evaluation_is_no_crossing() -> None:
    curve = np.array([0.5, 0.5, 0.84, 0.5, 0.5, 0.84, 0.84, 0.84, 0.84])
    assert queries_to(of_curve(curve), 0.10) == 600.0
    assert queries_to(of_curve(curve), 0.05) is None
    assert queries_to(of_curve(np.array([0.9, 0.5])), 0.10) == 0.0
