"""The agent that changes hidden state at given times."""

from typing import Any

import pytest
from pydantic import ValidationError

from emulator.commands import Disturb, Wait
from experiments.agents import disturb
from experiments.agents.disturb import DisturbOptions
from tests.contracts.agent_specimens import conversation


def asked(most: int = 6, **options: Any) -> list[Any]:
    given = DisturbOptions(kind="disturb", target="chip.dead", value=0.5, **options)
    return conversation(disturb.start(given), most=most)


def test_it_waits_until_its_time_and_disturbs_once() -> None:
    assert asked(at_s=2e-6, index=7) == [Wait(2_000_000), Disturb("chip.dead", 0.5, 7)]


def test_by_default_it_disturbs_at_once_and_no_part_in_particular() -> None:
    assert asked() == [Wait(0), Disturb("chip.dead", 0.5, -1)]


def test_it_disturbs_again_and_again_at_whole_multiples_of_its_period() -> None:
    waits = asked(at_s=1e-6, every_s=3e-6)[::2]
    assert waits == [Wait(1_000_000), Wait(4_000_000), Wait(7_000_000)]


def test_a_period_below_a_picosecond_passes_a_picosecond_at_a_time() -> None:
    assert asked(every_s=1e-15)[::2] == [Wait(0), Wait(1), Wait(2)]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("at_s", -1.0),
        ("every_s", 0.0),
        ("target", "chip"),
        ("target", "a b.c"),
        ("index", -2),
        ("value", "x"),
    ],
)
def test_options_that_mean_nothing_are_refused(key: str, value: object) -> None:
    with pytest.raises(ValidationError, match=key):
        DisturbOptions.model_validate({"kind": "disturb", "target": "chip.dead", "value": 1.0} | {key: value})
