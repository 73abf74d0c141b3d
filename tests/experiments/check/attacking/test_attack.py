"""The attack in small: honest clients see no error, nothing is left open, and a missed target is an error."""

import dataclasses
from pathlib import Path

import pytest

from emulator.errors import TaskError
from emulator.remote.server.limits import Limits
from experiments.check.attacking.attack import Outcome, attack_once, judge
from experiments.check.attacking.attacked import Vitals
from experiments.check.attacking.flood import MANNERS, Load

WELL = Outcome(
    (0.001,) * 100, (), Vitals(100.0, 120.0, 10, 1), Vitals(110.0, 160.0, 10, 1), Limits().clients, "", {}
)


@pytest.mark.timeout(400)
@pytest.mark.usefixtures("in_room", "small_trace")  # the room's cache then holds the network
def test_honest_clients_see_no_error_and_nothing_is_left_of_attackers(tmp_path: Path) -> None:
    found = attack_once(tmp_path, 1.0, Load(connections=40, talkers=7), 0)
    assert found.errors == ()
    assert found.fault == ""
    assert found.leaked == 0
    assert len(found.waits_s) >= 4
    assert set(found.attackers) == set(MANNERS)
    assert all(made > 0 for made, _ in found.attackers.values())


def test_an_outcome_within_all_limits_is_well() -> None:
    assert WELL.leaked == 0
    assert WELL.growth_mb == 40.0
    judge([WELL])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"errors": ("OSError: gone",)}, "1 errors of honest clients, first: OSError: gone"),
        ({"waits_s": (0.06,) * 100}, "p99 60.0 ms; at most 50"),
        ({"waits_s": ()}, "p99 inf ms"),
        ({"after": Vitals(100.0, 171.0, 10, 1)}, "grew by 51.0 MB; at most 50"),
        ({"after": Vitals(100.0, 121.0, 12, 1)}, "2 descriptors, threads or places left open"),
        ({"room": Limits().clients - 1}, "1 descriptors, threads or places left open"),
        ({"fault": "status killed"}, "the trace: status killed"),
    ],
)
def test_a_target_that_is_missed_is_an_error(changed: dict[str, object], words: str) -> None:
    with pytest.raises(TaskError, match=f"seed 1: missed: {words}"):
        judge([WELL, dataclasses.replace(WELL, **changed)])  # type: ignore[arg-type]
