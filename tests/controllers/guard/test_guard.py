"""The guard notices by readings alone, leaves out what is broken, and waits for what may come back."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from controllers.guard.guard import guarded
from controllers.guard.options import GuardConfig
from controllers.kind import Setting
from emulator.bench import Bench
from emulator.commands import (
    Batch,
    Controller,
    Disturb,
    Forward,
    Log,
    Probe,
    Project,
    Reading,
    SetPhases,
    Wait,
)
from emulator.errors import CommandError
from emulator.instruments.chip.config import ChipConfig, HeaterConfig
from emulator.instruments.instrument import Stand
from emulator.streams import stream
from tests.builders import NotingRecorder, random_batch, random_design
from tests.opu_lab import random_vectors, run_opu, small_opu

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "faults.md").read_text(encoding="utf-8")
CHIP = random_design((6, 5, 3), active=range(0, 45, 2))
BATCH = random_batch(32, 6)
OUTPUTS = 5  # receivers of the first layer, before those of the last


def setting() -> Setting:
    heaters = np.flatnonzero(CHIP.active)
    return Setting(
        BATCH.inputs,
        BATCH.labels,
        lambda name: stream(0, name),
        heaters=heaters,
        phases=CHIP.phases()[heaters],
    )


def guard_logs(
    controller: Controller, world: Controller | None = None, given: Setting | None = None, **options: Any
) -> tuple[dict[str, list[float]], NotingRecorder]:
    """Run a guarded ``controller`` beside the ``world``, and return what the guard logged."""
    noting = NotingRecorder()
    config = ChipConfig(heaters=HeaterConfig(dynamics="instant"))
    guard = GuardConfig(enabled=True, **options)
    agents = {"mine": guarded(controller, guard, given or setting())}
    if world is not None:
        agents["world"] = world
    Bench({"chip": Stand(config, CHIP)}, 0).run(agents, recorder=noting)
    found: dict[str, list[float]] = {}
    for name, _, _, value in noting.metrics:
        found.setdefault(name, []).append(value)
    return found, noting


def moving(times: int, step: float = 0.05, seen: list[Reading] | None = None) -> Controller:
    """Move one heater after the other and read."""
    heaters = np.flatnonzero(CHIP.active).tolist()
    phases = dict(zip(heaters, CHIP.phases()[heaters].tolist(), strict=True))
    for _ in range(times):
        for heater in heaters:
            phases[heater] = (phases[heater] + step) % (2 * np.pi)
            reading = yield Probe((heater,), (phases[heater],), BATCH)
            if seen is not None:
                seen.append(reading)


def breaking(at_ps: int, *changes: Disturb) -> Controller:
    yield Wait(at_ps)
    yield from changes


@pytest.mark.parametrize("target", ["chip.dead", "chip.channel", "chip.stuck"])
def test_a_heater_that_does_not_answer_is_named_and_left_out(target: str) -> None:
    given = setting()
    logs, _ = guard_logs(moving(8), breaking(10**8, Disturb(target, 1.0, 8)), given)
    assert logs == {"guard_silent_heater": [8.0]}
    assert given.health.heaters == {8}
    assert given.health.usable(np.array([6, 8, 10])).tolist() == [True, False, True]


def test_where_nothing_is_broken_nothing_is_logged_and_readings_are_those_without_a_guard() -> None:
    with_guard: list[Reading] = []
    assert guard_logs(moving(3, seen=with_guard), heaters=False, detectors=False)[0] == {}
    without: list[Reading] = []
    Bench({"chip": Stand(ChipConfig(heaters=HeaterConfig(dynamics="instant")), CHIP)}, 0).run(
        {"mine": moving(3, seen=without)}
    )
    for mine, theirs in zip(with_guard, without, strict=True):
        np.testing.assert_array_equal(mine.outputs, theirs.outputs)
    assert guard_logs(moving(6))[0] == {}


def test_a_suspect_that_answers_a_quarter_turn_is_no_alarm_and_is_driven_home() -> None:
    # A step below what a reading can tell leaves every move unanswered.
    logs, noting = guard_logs(moving(5, step=1e-9))
    assert logs == {}
    kinds = [noting.names["commands.kind"][row[2]] for row in noting.commands]
    assert "set_phases" in kinds
    final = noting.states["final_phases"][CHIP.active]
    np.testing.assert_allclose(final, CHIP.phases()[CHIP.active], atol=0.02)


def test_a_dark_output_is_named_and_stays_as_it_is_read_for_networks_learn_around_a_constant() -> None:
    given, seen, raw = setting(), [], []
    dark = Disturb("chip.responsivity", 0.0, OUTPUTS + 1)
    logs, _ = guard_logs(moving(3, seen=seen), breaking(10**8, dark), given, heaters=False, patience_s=0.0)
    assert logs == {"guard_broken_output": [1.0]}
    assert given.health.outputs == set()
    Bench({"chip": Stand(ChipConfig(heaters=HeaterConfig(dynamics="instant")), CHIP)}, 0).run(
        {"mine": moving(3, seen=raw), "world": breaking(10**8, dark)}
    )
    assert np.abs(seen[-1].outputs[:, 1]).max() < 1e-2
    assert np.abs(raw[-1].outputs[:, 1]).max() < 1e-2


def test_a_stuck_output_is_named_after_two_readings_and_left_out() -> None:
    given, seen = setting(), []
    stuck = Disturb("chip.offset", 1e3, OUTPUTS + 1)
    logs, _ = guard_logs(moving(3, seen=seen), breaking(10**8, stuck), given, patience_s=0.0)
    assert logs["guard_broken_output"] == [1.0]
    assert given.health.outputs == {1}
    last = seen[-1].outputs
    assert (last[:, 1] < last[:, [0, 2]].min(axis=1) - 40.0).sum() == (BATCH.labels != 1).sum()


def test_a_broken_output_that_comes_back_is_waited_for_and_used_again() -> None:
    given = setting()
    mended = breaking(10**8, Disturb("chip.responsivity", 0.0, OUTPUTS + 1))

    def world() -> Controller:
        yield from mended
        yield Wait(3 * 10**9)
        yield Disturb("chip.responsivity", 1.0, OUTPUTS + 1)

    logs, noting = guard_logs(moving(3), world(), given, pause_s=1e-3, patience_s=0.1)
    assert logs == {"guard_broken_output": [1.0]}
    assert given.health.outputs == set()
    starts = [row[6] for row in noting.commands]
    assert max(b - a for a, b in pairwise(starts)) >= 10**9 / 2  # it paused


@pytest.mark.parametrize(("target", "broken", "whole"), [("responsivity", 0.0, 1.0), ("offset", 1e3, 0.0)])
def test_an_output_that_was_given_up_and_is_whole_again_is_taken_back(
    target: str, broken: float, whole: float
) -> None:
    given = setting()

    def world() -> Controller:
        yield from breaking(10**8, Disturb(f"chip.{target}", broken, OUTPUTS + 1))
        yield Wait(10**9)
        yield Disturb(f"chip.{target}", whole, OUTPUTS + 1)

    logs, _ = guard_logs(moving(12), world(), given, patience_s=0.0)
    assert logs == {"guard_broken_output": [1.0], "guard_mended_output": [1.0]}
    assert given.health.outputs == set()


def test_readings_are_divided_by_the_reference_once_a_layer() -> None:
    raw: list[Reading] = []
    mine: list[Reading] = []

    def looking(seen: list[Reading]) -> Controller:
        seen.append((yield Forward(BATCH)))
        yield Wait(10**9)
        seen.append((yield Forward(BATCH)))

    dim = Disturb("chip.laser", 0.9)
    guard_logs(looking(raw), breaking(5 * 10**8, dim), reference=False, heaters=False, detectors=False)
    given = Setting(
        BATCH.inputs,
        BATCH.labels,
        lambda name: stream(0, name),
        deployment=_two_layers(),  # type: ignore[arg-type]
    )
    guard_logs(looking(mine), breaking(5 * 10**8, dim), given, heaters=False, detectors=False)
    assert raw[1].reference == 0.9
    np.testing.assert_allclose(mine[1].outputs, raw[1].outputs / 0.81)
    np.testing.assert_array_equal(mine[0].outputs, raw[0].outputs)


def _two_layers() -> Any:
    class Deployed:
        layers = CHIP.layers

    return Deployed()


def test_light_far_from_what_it_was_is_waited_for() -> None:
    logs, _ = guard_logs(
        moving(2), breaking(10**8, Disturb("chip.laser", 0.5)), pause_s=1e-4, patience_s=3e-4, heaters=False
    )
    assert set(logs) == {"guard_reference"}
    assert set(logs["guard_reference"]) == {0.5}


def test_a_loss_that_rises_is_told_once() -> None:
    def wandering() -> Controller:
        found: Reading = yield Forward(BATCH)
        batch = Batch(0, BATCH.inputs, found.outputs.argmax(axis=1))
        for _ in range(200):
            yield Forward(batch)
        yield SetPhases(np.flatnonzero(CHIP.active).tolist(), [1.0] * int(CHIP.active.sum()))
        for _ in range(400):
            yield Forward(batch)

    logs, _ = guard_logs(wandering(), heaters=False, detectors=False, divergence_ratio=1.02)
    assert set(logs) <= {"guard_diverging"}
    assert len(logs.get("guard_diverging", [])) == 1


def test_a_refusal_reaches_the_controller_where_it_asked() -> None:
    words: list[str] = []

    def wrong() -> Controller:
        try:
            yield Probe((1,), (0.0,), BATCH)
        except CommandError as error:
            words.append(str(error))
        yield Log("went_on", 1.0)

    logs, _ = guard_logs(wrong())
    assert logs == {"went_on": [1.0]}
    assert "device 1 is not an active heater" in words[0]


def light(controller: Controller, world: Controller, **options: Any) -> dict[str, list[float]]:
    given = Setting(np.zeros((4, 3)), np.zeros(4, dtype=np.int64), lambda name: stream(0, name))
    outing = run_opu(
        small_opu(), [guarded(controller, GuardConfig(enabled=True, check_every=2, **options), given), world]
    )
    found: dict[str, list[float]] = {}
    for name, _, _, value in outing.rows.metrics:
        found.setdefault(name, []).append(value)
    return found


def projecting(times: int) -> Controller:
    for number in range(times):
        yield Project(random_vectors(8, seed=number))


def test_a_medium_that_has_changed_is_told_and_waited_for_until_it_stays() -> None:
    def world() -> Controller:
        yield Wait(10**11)
        for step in range(1, 6):
            yield Disturb("opu.correlation", 1.0 - 0.15 * step)
            yield Wait(10**11 + step * 10**11)

    logs = light(projecting(30), world(), pause_s=0.1, patience_s=2.0)
    assert set(logs) == {"guard_correlation"}
    assert all(0.0 < value < 0.9 for value in logs["guard_correlation"])


def test_a_medium_that_stays_is_not_told_whatever_frames_are_lost() -> None:
    def world() -> Controller:
        yield Disturb("opu.missed", 0.2)
        yield Disturb("opu.torn", 0.1)

    assert light(projecting(20), world()) == {}


def test_the_page_names_what_the_guard_logs() -> None:
    source = Path(__file__).resolve().parents[3] / "controllers" / "guard" / "guard.py"
    logged = set(re.findall(r'"(guard_[a-z_]+)"', source.read_text(encoding="utf-8")))
    assert logged == set(re.findall(r"^\| `(guard_[a-z_]+)` \|", PAGE, re.MULTILINE))
