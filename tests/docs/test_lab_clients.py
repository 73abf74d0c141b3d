"""Clients in docs/examples that speak to a lent bench: each runs as it stands, to a real server on loopback."""

import json
import os
import re
import runpy
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bluesky.protocols
import gymnasium
import numpy as np
import pymeasure.test
import pytest
from bluesky import RunEngine
from bluesky.plans import scan
from gymnasium.utils.env_checker import check_env

from emulator.instruments.chip.config import ChipConfig, ReceiverConfig
from emulator.instruments.instrument import Stand
from emulator.trace.open import open_trace
from tests.experiments.command_line import ROOT
from tests.wire_lab import behind_a_door, small_bench, small_lab, small_service

EXAMPLES = ROOT / "docs" / "examples"
PAGE = (ROOT / "docs" / "wire.md").read_text(encoding="utf-8")
LENT = PAGE.partition("\n## Lend a bench to a stranger in two commands\n")[2].partition("\n## ")[0]
CLIENTS = sorted(path.stem for path in EXAMPLES.glob("lab_*.py"))
NUMBER = r"-?\d[\d.e+-]*"
OUTPUTS = rf"\[{NUMBER}, {NUMBER}, {NUMBER}\]"
SAYS = {
    "lab_bluesky": rf"(outputs={OUTPUTS} heater_1={NUMBER}\n){{7}}success: {{'primary': 7}} readings\n",
    "lab_gymnasium": rf"(reward {NUMBER}\n){{5}}",
    "lab_pymeasure": rf"Lightloop,.*\n(1 {NUMBER} {OUTPUTS}\n){{3}}{NUMBER} W, {NUMBER} s, errors: \[\]\n",
    "lab_pyvisa": rf'Lightloop,.*\n{OUTPUTS} 0,"No error"\n',
    "lab_socket": rf'Lightloop,.*\n1\n{NUMBER},{NUMBER},{NUMBER}\n{NUMBER}\n0,"No error"\n',
}
"""What each says to a bench of three outputs."""


def said_by(client: str, port: int) -> str:
    """Return what ``client`` prints to a bench at ``port``; its own warnings are errors."""
    done = subprocess.run(
        [sys.executable, "-W", "error:::__main__", str(EXAMPLES / f"{client}.py"), str(port)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_runs_as_it_stands(client: str) -> None:
    with behind_a_door() as hosted:
        assert re.fullmatch(SAYS[client], said_by(client, hosted.port))
    assert hosted.result is not None
    assert hosted.result.queries > 0
    assert hosted.tasks_left == 0


def test_the_page_shows_the_shortest_clients_as_they_are_and_names_the_others() -> None:
    shown = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
    files = {name: (EXAMPLES / f"{name}.py").read_text(encoding="utf-8") for name in CLIENTS}
    assert shown == [files["lab_pyvisa"], files["lab_socket"]]
    assert all(f"(examples/{name}.py)" in LENT for name in CLIENTS)


def test_pyvisa_needs_ten_lines() -> None:
    code = (EXAMPLES / "lab_pyvisa.py").read_text(encoding="utf-8").splitlines()[1:]
    assert len([line for line in code if line.strip()]) <= 10


# ------------------------------------------------------------------------------------------------------ PyMeasure


def test_the_instrument_of_pymeasure_says_what_the_manual_says() -> None:
    bench_class = runpy.run_path(str(EXAMPLES / "lab_pymeasure.py"))["LentBench"]
    pairs = [
        ("CHIP:HEATers:COUNt?", "2"),
        ("CHIP:PHASe (@2),0.25", None),
        ("CHIP:PHASe? (@2)", "0.25"),
        ("CHIP:INPut 0.5,1", None),
        ("CHIP:READ?", "1,2,3"),
    ]
    with pymeasure.test.expected_protocol(bench_class, pairs) as bench:
        bench.heaters[2].phase = 0.25
        assert bench.heater_2.phase == 0.25
        bench.inputs = [0.5, 1]
        assert bench.outputs == [1.0, 2.0, 3.0]


def test_the_instrument_of_pymeasure_refuses_a_phase_beyond_a_turn() -> None:
    bench_class = runpy.run_path(str(EXAMPLES / "lab_pymeasure.py"))["LentBench"]
    with (
        pymeasure.test.expected_protocol(bench_class, [("CHIP:HEATers:COUNt?", "1")]) as bench,
        pytest.raises(ValueError, match="not in range"),
    ):
        bench.heaters[1].phase = 7.0


# -------------------------------------------------------------------------------------------------------- bluesky


@pytest.fixture
def devices() -> Iterator[tuple[Any, Any]]:
    """Return heater 1 and the detector of a small bench."""
    names = runpy.run_path(str(EXAMPLES / "lab_bluesky.py"))
    with behind_a_door() as hosted:
        bench = names["Bench"](hosted.port)
        yield names["Heater"](bench, 1), names["Detector"](bench)


def test_the_devices_meet_the_protocols_of_bluesky_and_import_none(devices: tuple[Any, Any]) -> None:
    heater, detector = devices
    met = bluesky.protocols
    for device, protocols in ((heater, (met.Movable,)), (detector, (met.Triggerable,))):
        for protocol in (met.Readable, met.Configurable, met.HasName, met.HasParent, *protocols):
            assert isinstance(device, protocol), protocol
    assert isinstance(detector.trigger(), met.Status)
    code = (EXAMPLES / "lab_bluesky.py").read_text(encoding="utf-8")
    assert "import bluesky" not in code.partition("def main")[0]


def test_a_run_engine_scans_a_heater_and_its_documents_hold_what_was_read(devices: tuple[Any, Any]) -> None:
    heater, detector = devices
    kept: dict[str, list[Any]] = {}
    engine = RunEngine()
    engine(
        scan([detector], heater, 0.0, 2.0, 3),
        lambda name, document: kept.setdefault(name, []).append(document),
    )
    assert kept["stop"][0]["exit_status"] == "success"
    events = [event["data"] for event in kept["event"]]
    assert [event["heater_1"] for event in events] == pytest.approx([0.0, 1.0, 2.0], abs=0.02)  # of 8 bits
    assert {len(event["outputs"]) for event in events} == {3}
    keys = kept["descriptor"][0]["data_keys"]
    assert keys["outputs"]["shape"] == [3]
    assert keys["heater_1"]["units"] == "rad"
    json.dumps(kept["event"])


def test_a_move_that_fails_ends_the_scan_as_failed(devices: tuple[Any, Any]) -> None:
    heater, _ = devices

    def broken(line: str) -> str:
        raise ConnectionError(line)

    heater.bench.ask = broken
    status = heater.set(1.0)
    assert isinstance(status.exception(20.0), ConnectionError)
    assert status.done
    assert not status.success


# ------------------------------------------------------------------------------------------------------ Gymnasium


@pytest.fixture(scope="module")
def lent_chip() -> Any:
    """Return the class of the environment, which is registered."""
    return runpy.run_path(str(EXAMPLES / "lab_gymnasium.py"))["LentChip"]


@pytest.mark.usefixtures("lent_chip")
def test_the_environment_is_registered_and_passes_the_check() -> None:
    with behind_a_door() as hosted:
        world = gymnasium.make("Lightloop/LentChip-v0", port=hosted.port, heaters=4)
        check_env(world.unwrapped, skip_render_check=True)
        world.reset(seed=0)
        world.action_space.seed(0)
        ends = [world.step(world.action_space.sample())[2:4] for _ in range(100)]
        assert ends[-2:] == [(False, False), (False, True)]
        world.close()


@pytest.mark.filterwarnings("ignore:.*although similar:UserWarning")  # of the heat before, a little is left
def test_without_noise_the_environment_passes_the_check_of_determinism_too(lent_chip: Any) -> None:
    receiver = ReceiverConfig(shot_noise=False, thermal_noise_a_per_sqrt_hz=0.0)
    design = small_lab()["chip"].design
    quiet = {**small_lab(), "chip": Stand(ChipConfig(receiver=receiver), design)}
    with behind_a_door(small_service(bench=small_bench(quiet))) as hosted:
        world = lent_chip(hosted.port, heaters=4)
        check_env(world, skip_render_check=True)
        world.reset(seed=1)
        observed, reward, *_ = world.step(np.zeros(4))
        assert world.reset(seed=1)[0] == pytest.approx(observed, abs=1e-5)
        outputs = observed[4:]
        assert reward == pytest.approx(outputs[0] - np.log(np.exp(outputs).sum()))
        world.close()


# ------------------------------------------------------------------------------------------------- in two commands


@pytest.mark.slow  # serving pretrains a network first
def test_a_bench_is_lent_in_two_commands(tmp_path: Path) -> None:
    server, client = re.findall(r"^    (\S.*)$", LENT, re.M)[:2]
    assert (server, client) == ("lightloop serve mnist_recovery", "python docs/examples/lab_pyvisa.py")
    out = tmp_path / "lent.h5"
    code = "import sys\nfrom experiments.cli import main\nsys.exit(main())"
    words = [*server.split()[1:], "--port", "0", "--out", str(out)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", code, *words],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline().rpartition(":")[2])
        said = said_by("lab_pyvisa", port).splitlines()
        assert said[0].startswith("Lightloop,chip+host,0,")
        assert len(said[1].split(",")) == 10 + 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()
    with open_trace(out) as trace:
        assert (trace.status, trace.queries) == ("complete", 1)
