"""Random studies are drawn alike every time, and each is a study that runs."""

from experiments.check.estimates import cases
from experiments.run.launch import open_study


def test_the_same_studies_are_drawn_every_time_and_none_is_refused() -> None:
    drawn = list(cases(12))
    assert drawn == list(cases(12))
    kinds = {open_study(case.study, case.overrides).controller.kind for case in drawn}
    assert kinds == {"szo_scd", "odfa"}
