"""CMA-ES asks for what the package itself draws, and names its mean."""

from typing import Any

import cmaes
import numpy as np
import pytest

from controllers.losses import cross_entropy
from controllers.phases import wrapped
from controllers.populations.cmaes import KIND, CmaesConfig
from emulator.commands import Compute, Incumbent, Sequence
from tests.controllers.known_optimum import SETTING, SIZE, of_kind, outputs_of, talk

STRATEGIES = {"full": cmaes.CMA, "separable": cmaes.SepCMA}


@pytest.mark.parametrize("covariance", STRATEGIES)
def test_every_candidate_and_every_mean_is_the_package_s_own(covariance: str) -> None:
    options = CmaesConfig(queries=200, sigma_rad=0.2, covariance=covariance)  # type: ignore[arg-type]  # of two
    commands = list(talk(KIND.start(options, SETTING).controller))
    seed = int(SETTING.stream("controller/cmaes").integers(2**31))
    alone: Any = STRATEGIES[covariance](mean=SETTING.phases.copy(), sigma=0.2, seed=seed)
    sequences, means = of_kind(commands, Sequence), of_kind(commands, Incumbent)[1:]
    assert len(sequences) == len(means) == 200 // alone.population_size
    for sequence, named in zip(sequences, means, strict=True):
        drawn = [alone.ask() for _ in range(alone.population_size)]
        np.testing.assert_array_equal(sequence.radians, wrapped(np.array(drawn)))
        labels = sequence.batch.labels
        alone.tell([(each, cross_entropy(outputs_of(each, labels), labels)) for each in drawn])
        np.testing.assert_allclose(named.radians, wrapped(alone.mean), rtol=0, atol=1e-9)


def test_a_full_covariance_costs_the_host_the_cube_of_its_size_and_variances_their_number() -> None:
    full, separable = (
        of_kind(
            list(talk(KIND.start(CmaesConfig(queries=60, covariance=each), SETTING).controller)), Compute
        )[0]
        for each in ("full", "separable")
    )
    size = cmaes.CMA(mean=SETTING.phases, sigma=0.1).population_size
    assert full.flops == 10 * SIZE**3 + 4 * SIZE**2 * size
    assert separable.flops == 20 * SIZE * size
