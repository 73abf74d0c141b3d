"""The walk over keys: every key of every controller's studies acts, is refused, or is excused with a reason."""

import tempfile
from pathlib import Path

import pytest

from experiments.check.key_table import CONTEXTS, EXCEPTIONS, VALUES
from experiments.check.keys import ACTS, DEAD, EXCUSED, REFUSED, bases, keys_of_study, walk
from experiments.run.changes import overrides
from experiments.run.study import study_from_overrides

SAMPLE = frozenset(
    {
        "title",
        "task.hidden",
        "task.scaling",
        "task.features",
        "task.whitened",
        "task.file_digest",
        "task.weights",
        "host.idle_power_w",
        "controller.planes",
        "controller.pruning",
        "controller.threshold",
        "chip.heaters.settle_s",
        "chip.dac.v_max_v",
        "chip.receiver.averages",
        "opu.camera.gap_s",
        "budget.time_s",
        "guard.heaters",
    }
)


def every_key() -> set[str]:
    with tempfile.TemporaryDirectory() as name:
        return {
            key
            for base in bases(Path(name)).values()
            for key, _, _ in keys_of_study(study_from_overrides(overrides(base)))
        }


def test_the_tables_name_keys_that_there_are() -> None:
    named = {key.rpartition(":")[2] for key in (*CONTEXTS, *EXCEPTIONS, *VALUES)}
    assert named - every_key() == set()
    assert all(len(reason.split()) > 4 for reason in EXCEPTIONS.values())


def test_a_few_keys_act_or_are_refused() -> None:
    found = {(each.controller, each.key): each.verdict for each in walk(SAMPLE)}
    assert DEAD not in found.values()
    assert found["szo_scd", "title"] == EXCUSED
    assert found["szo_scd", "task.hidden"] == REFUSED
    assert found["odfa", "task.hidden"] == ACTS
    assert found["odfa", "task.weights"] == REFUSED
    assert found["odfa", "task.whitened"] == found["odfa", "controller.planes"] == ACTS
    assert found["szo_scd", "chip.dac.v_max_v"] == ACTS
    assert found["szo_scd", "guard.heaters"] == ACTS


@pytest.mark.slow
def test_no_key_is_accepted_and_does_nothing() -> None:
    verdicts = walk()
    assert len(verdicts) > 200
    assert [(each.controller, each.key, each.tried) for each in verdicts if each.verdict == DEAD] == []
