"""What is allowed at every key is said in words, and a refusal names the first problem and counts the others."""

from typing import Literal

import pytest
from pydantic import Field, ValidationError

from emulator.config.explain import allowed, explain, paths
from emulator.config.models import StrictModel
from emulator.config.quantities import Fraction, Seconds


class Lamp(StrictModel):
    """A section for the tests."""

    period_s: Seconds = Field(default=1e-3, gt=0)
    share: Fraction = 0.5
    colour: Literal["red", "green"] = "red"


class Fan(StrictModel):
    """A section that stands in a list."""

    kind: Literal["fan"]
    speed_hz: float = 1.0


class Desk(StrictModel):
    """A document for the tests."""

    seed: int = 0
    lamp: Lamp = Lamp()
    fans: tuple[Fan, ...] = ()


def test_every_leaf_comes_with_its_unit_and_limits_in_the_order_of_declaration() -> None:
    assert list(paths(Desk)) == [
        ("seed", "a whole number"),
        ("lamp.period_s", "a number in s or a text such as '10 us', > 0"),
        ("lamp.share", "a number, >= 0, <= 1"),
        ("lamp.colour", "one of 'red', 'green'"),
        ("fans", "a list, each item a section with the keys kind, speed_hz"),
    ]


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (float | None, "a number"),
        (int | str, "a whole number or a text"),
        (tuple[bool, ...], "a list, each item true or false"),
        (Lamp, "a section with the keys period_s, share, colour"),
    ],
)
def test_a_type_is_said_in_words(annotation: object, words: str) -> None:
    assert allowed(annotation) == words


def test_the_first_problem_is_told_in_full_and_the_others_by_key() -> None:
    tree = {"seed": "x", "lamp": {"colour": "blue", "shar": 1}}
    with pytest.raises(ValidationError) as caught:
        Desk.model_validate(tree)
    told = explain(caught.value, Desk, tree)
    assert told.startswith("seed = 'x' is refused; allowed: a whole number")
    assert "(and 2 more: lamp.colour, lamp.shar)" in told
    assert "\n" not in told


def test_an_unknown_key_gets_the_nearest_of_the_whole_tree() -> None:
    tree = {"perid_s": 1}
    with pytest.raises(ValidationError) as caught:
        Desk.model_validate(tree)
    assert explain(caught.value, Desk, tree) == (
        "perid_s = 1 is not a known key; did you mean 'lamp.period_s'?"
    )


@pytest.mark.parametrize(
    ("fan", "words"),
    [
        ({"speed_hz": 2.0}, "fans[0].kind is missing; allowed: one of 'fan'"),
        (
            {"kind": "fan", "sped_hz": 2.0},
            "fans[0].sped_hz = 2.0 is not a known key; did you mean 'fans.speed_hz'?",
        ),
    ],
)
def test_what_stands_in_a_list_is_explained_like_any_section(fan: dict[str, object], words: str) -> None:
    tree = {"fans": [fan]}
    with pytest.raises(ValidationError) as caught:
        Desk.model_validate(tree)
    assert explain(caught.value, Desk, tree) == words
