"""Tests of the assumption sets: two fitted numbers reproduce two times, and no more is asked of them."""

import pytest

from emulator.errors import ConfigError
from experiments.paper.training_time.sets import BP_S, ODFA_S, SETS, fitted_to, seconds


def test_two_numbers_reproduce_the_papers_two_times() -> None:
    fitted = fitted_to(SETS[0])
    assert 0.3 < fitted.memory_efficiency <= 1.0
    assert seconds(SETS[0], fitted, "bp") == pytest.approx(BP_S, rel=1e-3)
    assert BP_S - seconds(SETS[0], fitted, "odfa") == pytest.approx(BP_S - ODFA_S, abs=0.15e-3)


def test_a_set_that_explains_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"no value from 0\.3 to 1 explains the paper"):
        fitted_to(SETS[0], bp_s=1e-6)
