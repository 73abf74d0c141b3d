"""A run has diverged when it ends below its start, by the mean of its last tenth."""

import numpy as np

from controllers.registry import CONTROLLERS
from experiments.paper.szo_scd.table1 import TABLE1, diverged
from experiments.run.study import study_from_overrides
from tests.experiments.paper.outcomes import made_up, of_curve


def test_a_fall_at_the_end_is_a_divergence_and_a_late_dip_is_none() -> None:
    assert not diverged(made_up(deployed=0.6, final=0.88))
    assert diverged(made_up(deployed=0.6, final=0.3))
    dip = np.full(101, 0.9)
    dip[0], dip[-1] = 0.6, 0.3
    assert not diverged(of_curve(dip))


def test_the_papers_nine_rows_are_there_and_each_condition_has_its_rivals() -> None:
    studies = [study_from_overrides(point.overrides) for point in TABLE1.points(1000)]
    assert {study.controller.kind for study in studies} == {"zadam", "znewton", "stp", "flops", "szo_scd"}
    assert {study.controller.kind for study in studies} <= CONTROLLERS.keys()
    chips = [study.chip for study in studies]  # type: ignore[attr-defined]
    assert sum(chip.dac.bits == 0 and not chip.receiver.shot_noise for chip in chips) == 9
    assert sum(chip.dac.bits == 8 for chip in chips) == sum(chip.receiver.shot_noise for chip in chips) == 3
