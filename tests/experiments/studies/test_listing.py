"""Every shipped study is listed with what it is about and what it runs on."""

from experiments.studies.listing import show_studies, the_studies
from tests.experiments.terminal import WIDTHS, missing, seen


def test_a_terminal_shows_title_controller_and_presets_of_every_study() -> None:
    found = the_studies()
    assert {one.controller for one in found} == {"szo_scd", "odfa", "step_graph"}
    assert [one.name for one in found if not one.title or not one.presets] == []
    for width in WIDTHS:
        text = seen(lambda console: show_studies(found, console), width)
        assert (
            missing([one.name for one in found] + [word for one in found for word in one.title.split()], text)
            == []
        )
