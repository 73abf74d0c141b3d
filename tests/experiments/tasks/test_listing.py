"""A task is listed with its sizes and sources, or with what it asks for."""

from experiments.tasks.listing import show_tasks, the_tasks
from tests.experiments.terminal import WIDTHS, missing, seen


def test_a_task_shows_its_network_its_samples_and_its_source() -> None:
    found = {one.name: one for one in the_tasks()}
    vowel = found["vowel"]
    assert (vowel.layers[0], vowel.layers[-1], vowel.test, vowel.needs) == (8, 4, 108, "")
    assert [one.name for one in found.values() if not (one.source or one.needs)] == []
    for width in WIDTHS:
        text = seen(lambda console: show_tasks(tuple(found.values()), console), width)
        assert missing([*found, "8-16-16-4", "108"], text) == []
