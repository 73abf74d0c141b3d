"""Text becomes a float in the unit of its field; what is no such quantity is refused."""

from typing import get_args

import pytest
from pydantic import BeforeValidator, TypeAdapter
from pydantic_core import PydanticCustomError

from emulator.config import quantities
from emulator.config.quantities import Unit


def field_types() -> list[tuple[str, object]]:
    return [(name, getattr(quantities, name)) for name in quantities.__all__ if name != "Unit"]


@pytest.mark.parametrize(("name", "annotation"), field_types(), ids=lambda value: str(value)[:20])
def test_a_types_example_is_a_quantity_of_its_own_unit(name: str, annotation: object) -> None:
    units = [
        each.func
        for each in get_args(annotation)
        if isinstance(each, BeforeValidator) and isinstance(each.func, Unit)
    ]
    for unit in units:
        found = TypeAdapter(annotation).validate_python(unit.example)
        assert isinstance(found, float), name
        assert unit(found) is found


@pytest.mark.parametrize(
    ("text", "value"), [("10 us", 1e-5), ("0.5 h", 1800.0), ("3", None), ("10 um", None), ("s" * 65, None)]
)
def test_a_text_is_read_in_si_or_refused(text: str, value: float | None) -> None:
    second = Unit("s", "10 us")
    if value is not None:
        assert second(text) == value
        return
    with pytest.raises(PydanticCustomError) as caught:
        second(text)
    assert caught.value.type == "quantity"


@pytest.mark.parametrize("value", [0.5, 3, None, True, [1]])
def test_what_is_no_text_passes_unchanged(value: object) -> None:
    assert Unit("s", "10 us")(value) is value
