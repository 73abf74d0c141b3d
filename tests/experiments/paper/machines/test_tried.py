"""Ideas that lost still do what their table says of them: what they move at once, and within one turn."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from controllers.kind import Setting
from emulator.commands import Command, Controller, Probe, Sequence
from experiments.paper.machines.tried import blocks, by_importance, spsa
from tests.contracts.controller_specimens import conversation, small_setting

TRIED: dict[str, Callable[[Setting], Controller]] = {
    "signs": partial(spsa, rule="sign", total=400, first_rad=0.1, last_rad=0.01, batch=8),
    "adam": partial(spsa, rule="adam", total=400, first_rad=0.1, last_rad=0.01, batch=8),
    "blocks": partial(blocks, heaters=3, visits=5),
    "importance": partial(by_importance, measured=8),
    "pruned": partial(by_importance, power=0.0, pruned=0.5, measured=8),
}


def asked(name: str) -> list[Command]:
    return list(conversation(TRIED[name](small_setting(0)), most=80))


@pytest.mark.parametrize("name", ["signs", "adam", "blocks"])
def test_phases_lie_in_one_turn_and_a_seed_fixes_them(name: str) -> None:
    rows: list[Any] = [
        np.asarray(each.radians, dtype=np.float64)
        for each in asked(name)
        if isinstance(each, Probe | Sequence)
    ]
    again = [
        np.asarray(each.radians, dtype=np.float64)
        for each in asked(name)
        if isinstance(each, Probe | Sequence)
    ]
    assert len(rows) > 10
    assert all((row >= 0).all() and (row < 2 * np.pi).all() for row in rows)
    assert all((one == other).all() for one, other in zip(rows, again, strict=True))


def test_a_block_moves_its_heaters_together_and_then_the_other_way() -> None:
    probes = [each for each in asked("blocks") if isinstance(each, Probe)]
    assert {len(set(each.heaters)) for each in probes} == {3}


@pytest.mark.parametrize(("name", "most"), [("importance", 1.0), ("pruned", 0.5)])
def test_every_heater_is_measured_alone_before_a_part_of_them_is_visited(name: str, most: float) -> None:
    size = small_setting(0).heaters.size
    first, *others = [each for each in asked(name) if isinstance(each, Sequence)]
    assert first.decide is None
    assert first.heaters.shape == (size + 1, 2)
    visited = {int(heater) for each in others for heater in each.heaters.ravel()}
    assert 0 < len(visited) <= most * size + 1
    assert all(each.decide is not None for each in others)
