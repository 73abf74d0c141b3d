"""Random plans of faults: equal seeds draw equal faults, only those that the bench can have, and all run."""

from pathlib import Path

import numpy as np
import pytest

from emulator.errors import ConfigError
from emulator.streams import stream
from emulator.trace.open import open_trace
from experiments.agents.fault_plan import FaultPlanOptions, draw_faults
from experiments.agents.faults.registry import FAULTS
from experiments.run.run import run_study
from experiments.run.study import Study
from tests.contracts.agent_specimens import HIDDEN

CHIP = {target: parts for target, parts in HIDDEN.items() if target.startswith("chip.")}


def test_equal_generators_draw_equal_faults_and_others_draw_others() -> None:
    draws = [draw_faults(stream(seed, "tests/plan"), HIDDEN, 0.1, 8) for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]
    assert all(0.0 <= fault.at_s < 0.1 for faults in draws for fault in faults)


def test_every_fault_that_a_bench_can_have_is_drawn_in_the_end_and_no_other() -> None:
    everywhere = draw_faults(stream(0, "tests/plan"), HIDDEN, 0.1, 600)
    assert {fault.kind for fault in everywhere} == set(FAULTS)
    on_chip = {fault.kind for fault in draw_faults(stream(0, "tests/plan"), CHIP, 0.1, 600)}
    assert on_chip == {name for name, kind in FAULTS.items() if kind.target in CHIP}
    instruments = {getattr(fault, "instrument", "chip") for fault in everywhere}
    assert instruments == {"chip", "opu"}


def test_parts_are_parts_of_the_bench() -> None:
    for fault in draw_faults(stream(3, "tests/plan"), HIDDEN, 0.1, 200):
        parts = HIDDEN[FAULTS[fault.kind].target]
        assert set(getattr(fault, "indices", ())) <= set(parts)
        assert bool(getattr(fault, "indices", ())) == bool(parts)


@pytest.mark.parametrize(
    ("hidden", "names", "words"),
    [
        (
            CHIP,
            ("dropped_frames",),
            "'dropped_frames', which this bench cannot have; .*allowed: stuck_heater",
        ),
        (HIDDEN, ("stuck_heatr",), "did you mean 'stuck_heater'"),
        ({}, (), "nothing on this bench can have a fault"),
    ],
)
def test_what_has_no_place_on_the_bench_is_refused(
    hidden: dict[str, tuple[int, ...]], names: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        draw_faults(stream(0, "tests/plan"), hidden, 0.1, 3, names)


def test_a_study_s_plan_is_played_and_the_trace_says_what_was_disturbed_when(
    small_study: Study, tmp_path: Path
) -> None:
    plan = FaultPlanOptions(
        kind="fault_plan", faults=("stuck_heater", "dead_detector"), count=3, horizon_s=1e-4
    )
    study = small_study.model_copy(update={"agents": (plan,)})
    rows = []
    for name in ("first.h5", "second.h5"):
        run_study(study, tmp_path / name)
        with open_trace(tmp_path / name) as trace:
            kinds = np.array(trace.labels("commands.kind"))[trace.commands.kind]
            mine = np.char.startswith(kinds, "disturb.")
            agents = np.array(trace.labels("commands.agent"))[trace.commands.agent][mine]
            rows.append((kinds[mine].tolist(), trace.commands.t_issued[mine].tolist(), agents.tolist()))
    assert rows[0] == rows[1]
    kinds_found, instants, agents_found = rows[0]
    assert len(kinds_found) == 3
    assert set(kinds_found) <= {"disturb.stuck", "disturb.responsivity"}
    assert all(0 <= t_ps < 10**8 for t_ps in instants)
    assert {name.rpartition(".")[0] for name in agents_found} <= {"stuck_heater.0", "dead_detector.0"}


def test_a_plan_that_the_bench_cannot_have_is_refused_before_anything_is_written(
    small_study: Study, tmp_path: Path
) -> None:
    plan = FaultPlanOptions(kind="fault_plan", faults=("torn_frames",))
    with pytest.raises(ConfigError, match=r"agents\[0\]: fault_plan: faults holds 'torn_frames'"):
        run_study(small_study.model_copy(update={"agents": (plan,)}), tmp_path / "deep" / "run.h5")
    assert list(tmp_path.iterdir()) == []
