"""Tests of random agents and of the ears that note what they ask and hear."""

import pytest

from emulator.commands import Controller, Log, Settle, Wait
from emulator.errors import CommandError
from emulator.streams import stream
from experiments.check.endurance.outing import draw
from experiments.check.endurance.talk import Ears, wanderer


def test_a_wanderer_asks_the_same_of_a_seed_and_as_much_as_it_is_to() -> None:
    plant = draw(7).plant
    asked = []
    for _ in range(2):
        agent = wanderer(plant, stream(0, "tests/talk"), 0, 12)
        asked.append([repr(type(next(agent)))] + [repr(type(agent.send(None))) for _ in range(11)])
    assert asked[0] == asked[1]
    assert len({*asked[0]}) > 3


def test_ears_note_when_each_command_was_asked_for_and_what_came_of_it() -> None:
    def agent() -> Controller:
        yield Log("x", 1.0)
        with pytest.raises(CommandError):
            yield Settle(-1)
        yield Wait(5)

    clock = iter(range(100))
    ears = Ears(lambda: next(clock))
    heard = ears.listened("mine", agent())
    next(heard)
    heard.send("told")
    heard.throw(CommandError("no"))
    notes = [(note.issued_ps, note.done_ps, note.reply, note.refusal, note.replies) for note in ears.heard]
    assert notes == [(0, 1, "told", "", 1), (2, 3, None, "no", 1), (4, -1, None, "", 0)]
