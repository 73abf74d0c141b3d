"""The kind of a controller from outside has what the replaced one has, and runs nothing by itself."""

import pytest

from controllers.own import OWN, OwnOptions, own_kind, refusal
from controllers.registry import CONTROLLERS
from emulator.errors import ConfigError
from tests.contracts.controller_specimens import small_setting


@pytest.mark.parametrize("replaced", CONTROLLERS)
def test_it_stands_where_the_replaced_one_stood(replaced: str) -> None:
    kind, theirs = own_kind(replaced), CONTROLLERS[replaced]
    options = OwnOptions(in_place_of=replaced, queries=9, batch_size=4)
    program = kind.start(options, small_setting(0))
    assert kind.needs == theirs.needs
    assert kind.unused(options) == theirs.unused(theirs.options.model_validate({}))
    assert (program.queries, program.mark) == (9, None)
    with pytest.raises(ConfigError, match="--controller"):
        next(program.controller)


def test_no_study_can_choose_it() -> None:
    assert OWN not in CONTROLLERS
    assert "spsa.py:spsa" in str(refusal(OwnOptions(name="spsa.py:spsa")))
