"""The tree of errors: every class survives SimPy, which raises a failed process's error anew."""

from collections.abc import Generator, Iterator
from typing import Any

import pytest
import simpy

from emulator import errors
from emulator.errors import LightloopError, nearest


def family(root: type[LightloopError]) -> Iterator[type[LightloopError]]:
    yield root
    for child in root.__subclasses__():
        yield from family(child)


FAMILY = sorted(set(family(LightloopError)), key=lambda each: each.__name__)


def test_every_exported_error_belongs_to_the_one_tree() -> None:
    exported = {getattr(errors, name) for name in errors.__all__ if name != "nearest"}
    assert exported == {error for error in FAMILY if error.__module__ == errors.__name__}


@pytest.mark.parametrize("error", FAMILY, ids=lambda each: each.__name__)
def test_an_error_is_rebuilt_from_its_args(error: type[LightloopError]) -> None:
    first = error("chip: heater 3: 7 rad; allowed 0..6")
    again = type(first)(*first.args)
    assert (type(again), again.args, str(again)) == (error, first.args, str(first))


@pytest.mark.parametrize("error", FAMILY, ids=lambda each: each.__name__)
@pytest.mark.parametrize("waited_for", [True, False])
def test_type_message_and_cause_survive_a_simpy_process(
    error: type[LightloopError], waited_for: bool
) -> None:
    original = error("heater 3 is stuck")

    def process() -> Generator[simpy.Event, Any, None]:
        yield clock.timeout(5)
        raise original

    clock = simpy.Environment()
    event = clock.process(process())
    with pytest.raises(error, match="heater 3 is stuck") as caught:
        clock.run(until=event if waited_for else None)
    assert type(caught.value) is error
    assert caught.value is original or caught.value.__cause__ is original


def test_the_nearest_name_is_offered_and_a_far_one_is_not() -> None:
    assert nearest("tau", ["tau_s", "omega"]) == "did you mean 'tau_s'?"
    assert nearest("zzz", ["tau_s", "omega"]) == ""
    assert nearest("tau", iter(())) == ""
