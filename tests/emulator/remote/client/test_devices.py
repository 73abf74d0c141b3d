"""Dialects of real devices, spoken to instruments whose dialogue is another's: pyvisa-sim's."""

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emulator import remote
from emulator.agents.result import RunResult
from emulator.bench import Bench
from emulator.commands import Batch, Forward, Log, Monitor, Probe, SetPhases, Settle
from emulator.errors import CommandError, ConfigError, InstrumentError
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Lab, Stand
from emulator.remote.client.dialect import load_dialect
from emulator.remote.client.kinds import remote_kinds
from emulator.remote.client.link import Link
from emulator.remote.client.talk import Talk
from experiments.run.elsewhere.elsewhere import called_up, places_of
from tests.builders import NotingRecorder, random_design
from tests.simulated_lab import SimulatedWire, on_loopback

DESIGN = random_design((6, 5, 3), 0, active=range(0, 45, 2))
LAB: Lab = {"chip": Stand(ChipConfig(), DESIGN), "host": Stand(HostConfig())}
HEATERS = np.flatnonzero(DESIGN.active)
LIGHT = [1.5, 0.25, 3.0]  # microwatts, in simulated_lab.yaml
BATCH = Batch(0, np.full((1, 6), 0.5), np.array([0]))


def driver() -> tuple[SimulatedWire, Talk]:
    wire = SimulatedWire("qdac2")
    return wire, Talk(wire, load_dialect("qdac2"))


def reader() -> tuple[SimulatedWire, Talk]:
    wire = SimulatedWire("n7744c")
    return wire, Talk(wire, load_dialect("n7744c"))


def ask(wire: SimulatedWire, line: bytes) -> bytes:
    wire.send([line])
    return wire.receive()


def run(bench: Bench, *commands: Any) -> tuple[RunResult, list[Any], NotingRecorder]:
    """Have ``commands`` carried out one by one; return also their replies and the rows."""
    replies: list[Any] = []

    def controller() -> Generator[Any, Any, None]:
        for command in commands:
            reply = yield command
            replies.append(reply)

    rows = NotingRecorder()
    return bench.run({"main": controller()}, recorder=rows), replies, rows


def test_phases_become_voltages_heater_by_heater_and_voltages_phases() -> None:
    wire, talk = driver()
    link, channels = Link(talk), np.array([1, 3, 24])
    wire.sent.clear()
    link.say(SetPhases, {"channels": channels, "radians": np.array([0.0, np.pi, np.pi / 4])})
    asked = [line for line in wire.sent if not line.startswith(b"SYST")]
    assert asked == [b"SOUR1:VOLT 0.000000", b"SOUR3:VOLT 5.000000", b"SOUR24:VOLT 2.500000"]
    assert ask(wire, b"SOUR3:VOLT?") == b"5.000000"
    assert link.phases(channels) == pytest.approx([0.0, np.pi, np.pi / 4])


def test_a_phase_beyond_the_drivers_range_is_refused_before_anything_is_said() -> None:
    wire, talk = driver()
    wire.sent.clear()
    with pytest.raises(CommandError, match=r"channel 2: 13 rad need 10.* V; allowed: .* 10 V at most"):
        Link(talk).say(SetPhases, {"channels": np.array([1, 2]), "radians": np.array([1.0, 13.0])})
    assert wire.sent == []


def test_what_the_driver_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    shipped = Path(remote.__file__).parent / "dialects" / "qdac2.toml"
    text = shipped.read_text(encoding="utf-8").replace("most_volts = 10.0", "most_volts = 50.0")
    (tmp_path / "bold.toml").write_text(text, encoding="utf-8")
    talk = Talk(SimulatedWire("qdac2"), load_dialect(str(tmp_path / "bold.toml")))
    with pytest.raises(InstrumentError, match=r"SetPhases: the instrument refused 'SOUR2:VOLT 10\.1.*-113"):
        Link(talk).say(SetPhases, {"channels": np.array([1, 2]), "radians": np.array([1.0, 13.0])})


def test_the_meter_is_set_up_and_read_output_by_output() -> None:
    wire, talk = reader()
    assert ask(wire, b":SENS4:POW:UNIT?") == b"W"
    assert ask(wire, b":INIT4:CONT?") == b"0"
    found = Link(talk).say(Forward, {"outputs": 3})
    assert found["outputs"] == pytest.approx(LIGHT)


def test_a_driver_and_a_meter_are_one_bench_and_a_probe_is_made_of_their_words() -> None:
    wire, talk = driver()
    bench = Bench(LAB, 0, kinds=remote_kinds(Link(talk, reader()[1])))
    assert ask(wire, b"SOUR1:VOLT?") != b"0.000000"  # the study's phases are driven first
    heaters = HEATERS[[1, 4]].tolist()
    result, replies, rows = run(
        bench, Probe(heaters, [np.pi, np.pi / 4], BATCH), Settle(), Settle(3_000_000_000), Forward(BATCH)
    )
    assert ask(wire, b"SOUR5:VOLT?") == b"2.500000"
    assert replies[0].outputs[0] == pytest.approx(LIGHT)
    assert replies[3].outputs[0] == pytest.approx(LIGHT)
    assert (result.status, result.queries) == ("complete", 2)
    assert result.elapsed_s >= 0.001 + 0.001 + 0.003  # of the wall clock: heat's time, twice, and 3 ms
    final = rows.states["final_phases"]
    assert final[heaters] == pytest.approx([np.pi, np.pi / 4])
    assert final[HEATERS[0]] == pytest.approx(DESIGN.phases()[HEATERS[0]], abs=1e-5)


@pytest.mark.parametrize(
    ("talks", "refused"),
    [
        (lambda: (driver()[1],), "Forward: the dialect 'qdac2' has no words for it, but for SetPhases"),
        (lambda: (driver()[1], reader()[1]), "Monitor: the dialects 'qdac2', 'n7744c' have no words for it"),
    ],
)
def test_what_no_dialect_has_words_for_is_refused_when_it_comes(
    talks: Callable[[], tuple[Talk, ...]], refused: str
) -> None:
    bench = Bench(LAB, 0, kinds=remote_kinds(Link(*talks())))
    command = Probe(HEATERS[:1].tolist(), [1.0], BATCH) if "Forward" in refused else Monitor("forward", BATCH)
    with pytest.raises(CommandError, match=refused):
        run(bench, command)


def test_samples_that_nobody_brings_are_refused() -> None:
    bench = Bench(LAB, 0, kinds=remote_kinds(Link(driver()[1], reader()[1])))
    with pytest.raises(CommandError, match=r"Forward: 2 samples, and no dialect has words .*batch_size = 1"):
        run(bench, Forward(Batch(0, np.full((2, 6), 0.5), np.array([0, 1]))))


def test_samples_are_brought_and_read_one_by_one_where_outputs_are_told_one_by_one(tmp_path: Path) -> None:
    shipped = Path(remote.__file__).parent / "dialects" / "n7744c.toml"
    brings = '\n[commands.Batch]\nsay = ":LIGHT {inputs:.2f}"\n'
    (tmp_path / "lit.toml").write_text(shipped.read_text(encoding="utf-8") + brings, encoding="utf-8")
    wire = SimulatedWire("n7744c")
    meter = Talk(wire, load_dialect(str(tmp_path / "lit.toml")))
    bench = Bench(LAB, 0, kinds=remote_kinds(Link(driver()[1], meter)))
    inputs = np.arange(12.0).reshape(2, 6)
    _, replies, _ = run(bench, Forward(Batch(0, inputs, np.array([0, 1]))))
    lit = [line for line in wire.sent if line.startswith(b":LIGHT")]
    assert lit == [b":LIGHT 0.00,1.00,2.00,3.00,4.00,5.00", b":LIGHT 6.00,7.00,8.00,9.00,10.00,11.00"]
    assert replies[0].outputs == pytest.approx(np.array([LIGHT, LIGHT]))


def test_both_are_called_up_over_tcp_each_in_its_own_words() -> None:
    with on_loopback("qdac2") as first, on_loopback("n7744c") as second:
        urls = [f"tcp://127.0.0.1:{port}" for port in (first, second)]
        with called_up(*places_of(urls, ["qdac2", "n7744c"])) as there:
            assert (
                there.identity == "QDevil, QDAC-II, 42, 13-1.57; Keysight Technologies,N7744C,MY00000042,1.0"
            )
            bench = Bench(LAB, 0, kinds=remote_kinds(Link(*there.talks)))
            _, replies, _ = run(bench, Probe(HEATERS[:1].tolist(), [1.0], BATCH), Log("light", 1.0))
    assert replies[0].outputs[0] == pytest.approx(LIGHT)


def test_two_that_tell_time_are_refused(tmp_path: Path) -> None:
    text = 'title="t"\nsource="s"\n[errors]\nwith_the_line=false\n[after]\nsay="TIME?"\ngives=["time_ps:whole"]\n'
    (tmp_path / "clock.toml").write_text(text, encoding="utf-8")
    clock = load_dialect(str(tmp_path / "clock.toml"))
    talks = [Talk(SimulatedWire("qdac2"), clock) for _ in range(2)]
    with pytest.raises(ConfigError, match="both tell time or energy; allowed: one of a bench's dialects"):
        Link(*talks)
