"""Sockets: clients of all manners are served, and who takes too much is hung up on while others go on."""

import dataclasses
from itertools import repeat

import pytest

from emulator.errors import ConfigError
from emulator.remote.server.door import LOOPBACK, bound
from emulator.remote.server.limits import Limits
from emulator.remote.server.pacing import RealTime, Stepped
from tests.wire_lab import IDENTITY, behind_a_door, small_service

SMALL = Limits(clients=4, line_bytes=1000, block_bytes=1000, unread_bytes=10_000, stalled_s=0.05, messages=8)


def test_line_ends_of_all_manners_and_halves_that_come_late_are_understood() -> None:
    with behind_a_door() as hosted:
        client = hosted.connect()
        assert client.ask("*IDN?", b"\r\n") == IDENTITY
        client.tell("*ID", b"")
        assert hosted.connect().ask("*IDN?") == IDENTITY
        client.tell("N?\n\r\n\n*OPC?", b"\r")
        assert client.reader.readline().decode() == f"{IDENTITY}\n"
        assert client.ask("") == "1"


def test_many_lines_at_once_are_answered_in_their_order() -> None:
    with behind_a_door() as hosted:
        client = hosted.connect()
        client.tell("\n".join(["SYST:TIME?", "CHIP:SETT 1e-3"] * 300))
        times = [float(client.reader.readline()) for _ in range(300)]
    assert times == pytest.approx([each * 1e-3 for each in range(300)])


def test_a_block_that_holds_line_ends_is_one_message() -> None:
    with behind_a_door() as hosted:
        client = hosted.connect()
        client.tell("FORM REAL,32")
        client.tell(b"OPU:PROJ? #280" + b"\x00\x00\x00\x00" * 20)
        assert client.reader.read(5) == b"#3192"


def test_a_line_that_is_too_long_is_an_error_and_a_block_that_is_ends_the_conversation() -> None:
    with behind_a_door(limits=SMALL) as hosted:
        client, other = hosted.connect(), hosted.connect()
        client.tell("x" * 100_000)
        assert client.ask("SYST:ERR?").startswith("-363")
        assert client.ask("SYST:ERR:COUN?") == "0"
        client.tell("CHIP:INP #9999999999")
        assert client.hung_up()
        assert other.ask("*IDN?") == IDENTITY


def test_who_comes_when_the_house_is_full_is_hung_up_on() -> None:
    with behind_a_door(limits=SMALL) as hosted:
        clients = [hosted.connect() for _ in range(4)]
        assert [client.ask("*OPC?") for client in clients] == ["1"] * 4
        assert hosted.connect().hung_up()
        clients[0].close()
        assert clients[1].ask("*IDN?") == IDENTITY
        assert hosted.connect().ask("*IDN?") == IDENTITY


def test_who_does_not_read_is_hung_up_on_and_others_go_on() -> None:
    with behind_a_door(limits=SMALL) as hosted:
        deaf, other = hosted.connect(), hosted.connect()
        deaf.socket.settimeout(0.5)
        flood = repeat("SYST:HELP:HEAD?\n" * 50)
        with pytest.raises(OSError, match=r"timed out|reset|Broken pipe"):
            any(deaf.tell(each) for each in flood)
        assert other.ask("*IDN?") == IDENTITY
        assert hosted.service.over is None


def test_of_clients_who_hold_too_much_together_the_one_who_holds_most_is_hung_up_on() -> None:
    limits = dataclasses.replace(SMALL, block_bytes=100_000, held_bytes=150_000)
    with behind_a_door(limits=limits) as hosted:
        greedy, modest = hosted.connect(), hosted.connect()
        greedy.tell(b"CHIP:INP #590000" + bytes(89_000), b"")
        assert modest.ask("*IDN?") == IDENTITY
        modest.tell(b"CHIP:INP #580000" + bytes(70_000), b"")
        assert greedy.hung_up()
        modest.tell(bytes(10_000))
        assert modest.ask("SYST:ERR?").startswith("-222")


def test_a_line_of_too_many_commands_changes_nothing() -> None:
    with behind_a_door(limits=dataclasses.replace(SMALL, units=3)) as hosted:
        client = hosted.connect()
        assert client.ask("*IDN?;*OPC?;*OPC?") == f"{IDENTITY};1;1"
        client.tell("*OPC?;*OPC?;*OPC?;*OPC?")
        assert client.ask("SYST:ERR?").startswith('-223,"Too much data;more than 3 commands')


def test_quotes_without_end_are_one_line_that_is_too_long() -> None:
    with behind_a_door(limits=SMALL) as hosted:
        client = hosted.connect()
        client.tell("'" * 50_000 + "#" * 50_000)
        assert client.ask("SYST:ERR?").startswith("-363")
        assert client.ask("*IDN?") == IDENTITY


def test_who_says_nothing_for_too_long_is_hung_up_on() -> None:
    with behind_a_door(limits=dataclasses.replace(SMALL, idle_s=0.05)) as hosted:
        assert hosted.connect().hung_up()


def test_in_real_time_others_are_served_while_one_waits() -> None:
    wall_s = [0.0]
    with behind_a_door(small_service(RealTime(1.0, wall_s=lambda: wall_s[0]))) as hosted:
        slow, quick = hosted.connect(), hosted.connect()
        slow.tell("*IDN?\nCHIP:SETT? 0.2")
        assert slow.reader.readline().decode().strip() == IDENTITY
        times = []
        for wall_s[0] in (0.01, 0.02, 0.05, 0.1, 0.15):
            times.append(float(quick.ask("SYST:TIME?")))
        assert times == [0.01, 0.02, 0.05, 0.1, 0.15]
        wall_s[0] = 10.0
        assert float(quick.ask("SYST:TIME?")) >= 0.2
        assert slow.reader.readline() == b"0.2\n"


def test_a_client_can_step_time_for_its_own_wait() -> None:
    with behind_a_door(small_service(Stepped())) as hosted:
        client = hosted.connect()
        client.tell("CHIP:SETT? 1e-3\nSYST:TIME?")
        client.tell("SYST:TIME:STEP 0.5e-3")
        client.tell("SYST:TIME:STEP 1e-3")
        assert [client.reader.readline() for _ in range(2)] == [b"0.001\n", b"0.0015\n"]
        client.tell("CHIP:SETT? 1e-3\nSYST:TIME?\nSYST:TIME:STEP 1e-3\nSYST:TIME:STEP 1")
        assert [client.reader.readline() for _ in range(2)] == [b"0.001\n", b"0.0025\n"]


def test_nothing_is_left_when_the_door_is_closed() -> None:
    with behind_a_door() as hosted:
        clients = [hosted.connect() for _ in range(10)]
        for client in clients[:5]:
            client.ask("*IDN?")
            client.close()
        clients[6].tell("*IDN", b"")
    assert hosted.tasks_left == 0
    assert hosted.result is not None
    assert hosted.result.status == "complete"


def test_a_port_that_is_taken_and_an_address_that_is_none_are_refused_in_one_line() -> None:
    taken = bound(LOOPBACK, 0)
    taken.listen()
    with pytest.raises(ConfigError, match="cannot be listened at"):
        bound(LOOPBACK, taken.getsockname()[1])
    taken.close()
    with pytest.raises(ConfigError, match="cannot be listened at"):
        bound("no such place", 1)
