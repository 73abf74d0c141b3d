"""The list of keys: what is in the guide, with units and limits, and nothing that cannot be set."""

from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from controllers.registry import CONTROLLERS
from emulator.errors import ConfigError
from emulator.instruments.chip.noise.registry import NOISE_TERMS
from experiments.agents.registry import AGENTS
from experiments.keys.listing import listed_keys, show_keys
from experiments.run.study import study_type
from tests.experiments.terminal import missing, seen


def leaves(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            yield from leaves(type(default), f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def test_every_key_of_every_kind_of_study_is_listed_and_nothing_else() -> None:
    for kind in CONTROLLERS:
        mine = {one.path for one in listed_keys() if kind in one.controllers and "[" not in one.path}
        assert mine == set(leaves(study_type(kind)))


def test_a_key_has_its_unit_its_range_its_default_and_its_meaning() -> None:
    (found,) = listed_keys("chip.heaters.settle_s")
    assert (found.unit, found.default) == ("s", "6e-06")
    assert found.allowed == "a number in s or a text such as '10 us', >= 0, <= 100"
    assert found.meaning.startswith("Wait between")
    assert [one.path for one in listed_keys() if not one.meaning or not one.allowed] == []


def test_entries_of_lists_say_of_which_kind_they_are() -> None:
    assert {one.of for one in listed_keys("chip.noise[].")} == set(NOISE_TERMS)
    assert {one.of for one in listed_keys("agents[].")} == set(AGENTS)


def test_a_slip_of_the_pen_is_answered_with_the_nearest() -> None:
    with pytest.raises(
        ConfigError, match=r"no key begins with 'chip\.heatr'; did you mean 'chip\.heaters'\?"
    ):
        listed_keys("chip.heatr")


def test_a_terminal_shows_every_word() -> None:
    found = listed_keys("budget")
    text = seen(lambda console: show_keys(found, console), 120)
    assert (
        missing([f"{one.path} = {one.default}" for one in found] + [one.allowed for one in found], text) == []
    )
