"""The rescaling rules against the variance of the medium itself."""

import math

import numpy as np
import pytest

from emulator.adapters.rescaling import Rescale, output_factor
from emulator.errors import ConfigError
from emulator.instruments.opu.timing import OpuDesign
from emulator.streams import stream

DESIGN = OpuDesign(200, 3000)


def real_projections() -> tuple[np.ndarray, np.ndarray]:
    """Return vectors, and their products with a Gaussian matrix of variance 1/2."""
    rng = stream(0, "tests/adapters/rescaling")
    x = rng.standard_normal((50, DESIGN.features))
    return x, x @ rng.normal(0.0, math.sqrt(0.5), (DESIGN.features, DESIGN.outputs))


def test_variance_keeps_the_mean_square_of_an_entry() -> None:
    x, y = real_projections()
    assert (y * output_factor("variance", DESIGN)).std() == pytest.approx(x.std(), rel=0.02)


def test_norm_keeps_the_length_of_a_vector() -> None:
    x, y = real_projections()
    lengths = np.linalg.norm(y * output_factor("norm", DESIGN), axis=1)
    assert np.allclose(lengths, np.linalg.norm(x, axis=1), rtol=0.1)


def test_none_leaves_projections_as_they_are() -> None:
    assert output_factor(None, DESIGN) == 1


def test_another_rule_is_refused_with_a_hint() -> None:
    rule: Rescale = "varianc"  # type: ignore[assignment]
    with pytest.raises(ConfigError, match="did you mean 'variance'"):
        output_factor(rule, DESIGN)
