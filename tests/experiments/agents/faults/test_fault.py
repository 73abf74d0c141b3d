"""Faults at their times: what is changed, of which parts, to what, and back again."""

import math
from itertools import islice
from typing import Any

import pytest

from emulator.bench import Bench
from emulator.commands import Controller, Disturb, Wait
from emulator.config.models import build
from emulator.errors import CommandError, ConfigError
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.instrument import Stand
from emulator.physics.chip.ageing import aged_gamma, gradient_phase_rad
from emulator.physics.laser import drifted_power
from emulator.physics.opu.decorrelation import decayed_correlation, warmed_correlation
from emulator.streams import stream
from emulator.units import ps_to_s
from experiments.agents.faults.fault import FaultKind, FaultOptions
from experiments.agents.faults.registry import FAULTS
from experiments.agents.kind import Scene
from tests.builders import random_design
from tests.contracts.agent_specimens import HIDDEN
from tests.opu_lab import DESIGN, small_opu


def timetable(name: str, most: int = 40, **keys: Any) -> list[tuple[float, Disturb]]:
    """Return when the fault ``name`` changes what, in seconds."""
    kind = FAULTS[name]
    entry = kind.resolve(build(kind.options, {"kind": name, **keys}, "test"), Scene(HIDDEN, stream(0, "t")))[
        0
    ]
    asked: list[Any] = list(islice(kind.start(entry), 2 * most))
    assert all(isinstance(wait, Wait) for wait in asked[::2])
    return [(ps_to_s(wait.until_ps), change) for wait, change in zip(asked[::2], asked[1::2], strict=False)]


@pytest.mark.parametrize(
    ("name", "keys", "target", "broken", "whole"),
    [
        ("stuck_heater", {"radians": 1.5, "indices": [3]}, "chip.stuck", 1.5, -1.0),
        ("stuck_heater", {"indices": [3]}, "chip.stuck", 2 * math.pi, -1.0),
        ("open_heater", {"indices": [3]}, "chip.dead", 1.0, 0.0),
        ("lost_channel", {"indices": [3]}, "chip.channel", 1.0, 0.0),
        ("dead_detector", {"indices": [3]}, "chip.responsivity", 0.0, 1.0),
        ("saturated_detector", {"indices": [3], "sign": -1}, "chip.offset", -1e3, 0.0),
        ("laser_noise", {}, "chip.laser_noise", 0.01, 0.0),
        ("dropped_frames", {"share": 0.2}, "opu.missed", 0.2, 0.0),
        ("torn_frames", {"share": 0.1}, "opu.torn", 0.1, 0.0),
        ("late_trigger", {"mean_s": 1e-4}, "opu.trigger", 1e-4, 0.0),
        ("dead_pixels", {"indices": [3]}, "opu.responsivity", 0.0, 1.0),
    ],
)
def test_what_breaks_breaks_at_its_time_and_is_mended_at_its_end(
    name: str, keys: dict[str, Any], target: str, broken: float, whole: float
) -> None:
    index = 3 if "indices" in keys else -1
    expected = [(0.25, Disturb(target, pytest.approx(broken), index)), (0.75, Disturb(target, whole, index))]  # type: ignore[arg-type]
    assert timetable(name, at_s=0.25, until_s=0.75, **keys) == expected
    assert timetable(name, at_s=0.25, **keys) == expected[:1]


@pytest.mark.parametrize(
    ("name", "target", "value", "whole"),
    [
        ("gamma_ageing", "chip.gamma", lambda t_s: aged_gamma(t_s, -0.05, 1.0, 0.5), 1.0),
        ("laser_drift", "chip.laser", lambda t_s: drifted_power(t_s, -0.05, 0.1), 1.0),
        (
            "substrate_drift", "chip.substrate",
            lambda t_s: gradient_phase_rad(1.0, 61.6e-6, 1.55e-6) * (1 - math.exp(-t_s / 0.1)), 0.0,
        ),
        ("medium_drift", "opu.correlation", lambda t_s: decayed_correlation(t_s, 60.0), 1.0),
        ("medium_warm_up", "opu.correlation", lambda t_s: warmed_correlation(t_s, 1.0, 60.0), 1.0),
    ],
)  # fmt: skip
def test_what_drifts_is_a_staircase_of_its_law_and_ends_as_it_was_built(
    name: str, target: str, value: Any, whole: float
) -> None:
    found = timetable(name, at_s=0.01, every_s=0.02, until_s=0.1)
    steps = [0.01 + 0.02 * step for step in range(5)]
    assert [at_s for at_s, _ in found] == pytest.approx([*steps, 0.1])
    assert [change.value for _, change in found[:-1]] == pytest.approx([value(at_s - 0.01) for at_s in steps])
    assert (found[-1][1].target, found[-1][1].value) == (target, whole)
    assert len(timetable(name, every_s=0.02)) == 40  # it goes on until the run ends


def test_links_are_held_for_times_that_their_law_draws_and_the_seed_fixes() -> None:
    held = [change.value for _, change in timetable("link_jitter", most=400, mean_s=1e-4, every_s=1e-3)]
    assert sum(held) / len(held) == pytest.approx(1e-4, rel=0.15)
    assert held == [
        change.value for _, change in timetable("link_jitter", most=400, mean_s=1e-4, every_s=1e-3)
    ]
    assert held != [change.value for _, change in timetable("link_jitter", most=400, mean_s=1e-4, seed=1)]
    lost = timetable("link_loss", most=300, probability=0.5, timeout_s=1e-3, instrument="opu", until_s=0.4)
    assert len(lost) == pytest.approx(200, abs=40)  # of 400 packets
    assert {change.target for _, change in lost} == {"opu.link"}
    assert all(round(change.value / 1e-3, 9) == int(change.value / 1e-3 + 0.5) > 0 for _, change in lost)


def test_parts_that_no_entry_names_are_drawn_and_too_many_are_refused() -> None:
    indices = {change.index for _, change in timetable("stuck_heater", count=2)}
    assert len(indices) == 2
    assert indices < set(HIDDEN["chip.stuck"])
    with pytest.raises(ConfigError, match=r"count = 4 is refused; chip\.stuck has 3 parts"):
        timetable("stuck_heater", count=4)


@pytest.mark.parametrize("name", FAULTS)
def test_an_end_before_the_beginning_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r"until_s: 1 s is not after at_s = 1 s|until_s.*1 s is not after"):
        build(FAULTS[name].options, {"kind": name, "at_s": 1.0, "until_s": 1.0}, "test")


@pytest.mark.parametrize("kind", FAULTS.values(), ids=lambda kind: kind.name)
def test_every_fault_asks_for_what_its_instrument_can_do(kind: FaultKind) -> None:
    chip = Stand(ChipConfig(), random_design((6, 5, 3), active=range(0, 45, 2)))
    bench = Bench({"chip": chip, "opu": Stand(small_opu(), DESIGN)}, 0)
    scene = Scene(bench.hidden(), stream(0, "tests/scene"))
    for _ in range(5):
        keys = {"kind": kind.name, **kind.draw(scene.rng, 0.1)}
        [entry] = kind.resolve(build(kind.options, keys, "test"), scene)
        assert isinstance(entry, FaultOptions)
        assert kind.target in scene.hidden
        for command in islice(kind.start(entry), 20):
            if isinstance(command, Disturb):
                bench.check(command)
        [first] = kind.disturbs(entry)
        bench.check(first)
    assert kind.about


def test_a_fault_of_a_part_that_is_not_there_is_refused_by_the_bench() -> None:
    bench = Bench({"opu": Stand(small_opu(), DESIGN)}, 0)
    kind = FAULTS["dead_pixels"]
    [command] = kind.disturbs(build(kind.options, {"kind": "dead_pixels", "indices": [48]}, "test"))
    with pytest.raises(CommandError, match=r"no output 48; allowed: 0\.\.47"):
        bench.check(command)


def test_faults_end_with_the_run_of_the_main_agent() -> None:
    def main() -> Controller:
        yield Wait(10**9)

    kind = FAULTS["laser_drift"]
    chip = Stand(ChipConfig(), random_design((6, 5, 3), active=range(0, 45, 2)))
    agents = {"main": main(), "drift": kind.start(build(kind.options, {"kind": "laser_drift"}, "test"))}
    result = Bench({"chip": chip}, 0).run(agents)
    assert (result.status, result.elapsed_s) == ("complete", pytest.approx(1e-3))
