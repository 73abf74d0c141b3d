"""Configurations differ where a value does, whether they are trees or models, two or many."""

from emulator.config.difference import Difference, differences, leaves, scalar
from emulator.config.models import StrictModel


class Part(StrictModel):
    """A section."""

    size: int = 1
    rates: tuple[float, ...] = ()


class Whole(StrictModel):
    """A configuration with an optional section."""

    name: str = "a"
    part: Part = Part()
    spare: Part | None = None


def test_the_values_of_a_tree_and_of_a_model_have_dotted_paths() -> None:
    tree = {"seed": 0, "chip": {"dac": {"bits": 8}, "list": [1, "x"], "none": {}}}
    assert leaves(tree) == {"seed": 0, "chip.dac.bits": 8, "chip.list": [1, "x"], "chip.none": {}}
    assert leaves(Whole(part=Part(size=2))) == {"name": "a", "part.size": 2, "part.rates": (), "spare": None}


def test_only_paths_whose_values_differ_are_named_in_order() -> None:
    rows = differences([{"b": 1, "a": 1, "c": 3}, {"b": 2, "c": 3}, {"b": 1, "a": 1, "c": 3}])
    assert rows == (Difference("a", (1, None, 1)), Difference("b", (1, 2, 1)))
    assert differences([]) == differences([{"a": 1}]) == ()


def test_true_is_not_one_but_one_is_one() -> None:
    assert differences([{"a": True}, {"a": 1}]) != ()
    assert differences([{"a": 1.0}, {"a": 1}]) == ()


def test_models_of_other_shape_differ_by_what_is_missing() -> None:
    rows = differences([leaves(Whole()), leaves(Whole(spare=Part()))])
    assert [(row.key, row.values) for row in rows] == [("spare.rates", (None, ())), ("spare.size", (None, 1))]


def test_what_is_no_number_and_no_text_is_shown_as_json() -> None:
    assert [scalar(value) for value in (None, True, 1.5, "x")] == [None, True, 1.5, "x"]
    assert scalar([1, "x"]) == '[1, "x"]'
    assert scalar((Part(),)) == '[{"size": 1, "rates": []}]'
    assert scalar({}) == "{}"
