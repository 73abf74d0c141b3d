"""A client is an agent: it asks in the vocabulary, keeps its own status, and a refused line changes nothing."""

import struct

import numpy as np
import pytest

from emulator.bench_config import BudgetConfig
from tests.wire_lab import IDENTITY, Talk, small_bench, small_service

INPUTS = ",".join(["0.5"] * 6)


@pytest.fixture
def talk() -> Talk:
    return Talk(small_service())


def test_it_says_who_it_is_and_that_nothing_is_wrong(talk: Talk) -> None:
    assert talk.ask("*IDN?") == IDENTITY
    assert talk.ask("*IDN?;:SYST:ERR?;VERS?") == f'{IDENTITY};0,"No error";1999.0'
    assert talk.ask("*TST?;*STB?;*ESR?;*ESR?") == "0;0;128;0"


def test_headers_are_short_or_long_in_capitals_or_not(talk: Talk) -> None:
    assert talk.ask("system:error:next?;count?") == '0,"No error";0'
    assert talk.ask("CHIP:HEATers:COUNt?;:chip:heat:coun?") == "23;23"


def test_a_line_that_cannot_be_read_to_its_end_changes_nothing(talk: Talk) -> None:
    before = talk.ask("CHIP:PHAS?;:SYST:TIME?")
    for line, code in (
        ("CHIP:PHAS (@1),1;NOSUCH", -113),
        ("CHIP:PHAS (@1),1;:CHIP:PHAS (@99),1", -222),
        ("CHIP:PHAS (@1),1;:CHIP:PHAS (@1),A", -104),
        ("CHIP:PHAS (@1),1;1", -102),
        ("CHIP:PHAS (@1)", -109),
    ):
        assert talk.refusal(line) == code
    assert talk.ask("CHIP:PHAS?;:SYST:TIME?") == before


def test_what_the_bench_refuses_is_told_in_its_words(talk: Talk) -> None:
    assert talk.refusal("CHIP:READ?") == -222
    talk.tell("CHIP:PHAS (@1,2),1,2,3")
    assert "SetPhases: 2 heaters but 3 phases" in talk.ask("SYST:ERR?")
    assert int(talk.ask("*ESR?")) & 1 << 4


def test_errors_of_one_client_are_not_those_of_another(talk: Talk) -> None:
    other = Talk(talk.service)
    talk.tell("NOSUCH")
    assert other.ask("SYST:ERR:COUN?") == "0"
    assert talk.ask("*STB?") == "4"
    talk.tell("*CLS")
    assert talk.ask("*STB?;*ESR?") == "0;0"


def test_the_queue_of_errors_ends_with_an_overflow(talk: Talk) -> None:
    for _ in range(100):
        talk.tell("NOSUCH")
    count = int(talk.ask("SYST:ERR:COUN?"))
    assert count < 100
    assert talk.ask("SYST:ERR:ALL?").endswith('-350,"Queue overflow"')


def test_heaters_that_were_set_settle_before_all_is_complete(talk: Talk) -> None:
    talk.tell("CHIP:PHAS (@1),1")
    assert talk.ask("STAT:OPER:COND?") == "2"
    began = float(talk.ask("SYST:TIME?"))
    assert talk.ask("*OPC?") == "1"
    assert float(talk.ask("SYST:TIME?")) - began == pytest.approx(6e-6)
    assert talk.ask("*OPC?;:SYST:TIME?").split(";")[1] == talk.ask("SYST:TIME?")
    assert talk.ask("STAT:OPER:COND?;EVEN?") == "0;2"
    talk.tell("*ESE 1;*SRE 32;*CLS;*OPC")
    assert talk.ask("*STB?;*ESR?") == "96;1"


def test_frames_that_were_sent_are_in_before_all_is_complete(talk: Talk) -> None:
    vector = ",".join(["1", "0"] * 10)
    talk.tell(f"OPU:PROJ:STAR {vector}")
    began = float(talk.ask("SYST:TIME?"))
    assert talk.ask("*WAI;*OPC?") == "1"
    assert float(talk.ask("SYST:TIME?")) > began + 1e-3
    assert len(talk.numbers("OPU:PROJ:FETC?")) == 48
    assert talk.ask("OPU:PROJ:VAL?;FRAM?").startswith("1;1,0,")
    assert talk.refusal("OPU:PROJ:FETC?") == -230


def test_started_commands_overlap_and_only_so_many_may_wait_to_be_fetched(talk: Talk) -> None:
    talk.tell("HOST:COMP:STAR 1000000000,0;:CHIP:SETT:STAR 1e-3")
    began = float(talk.ask("SYST:TIME?"))
    assert began == 0.0
    assert float(talk.ask("CHIP:SETT:FETC?")) == 1e-3
    taken = float(talk.ask("HOST:COMP:FETC?"))
    assert float(talk.ask("SYST:TIME?")) == pytest.approx(max(taken, 1e-3))
    for _ in range(16):
        talk.tell("CHIP:SETT:STAR 0")
    assert talk.refusal("CHIP:SETT:STAR 0") == -221


def test_what_was_read_is_told_in_parts(talk: Talk) -> None:
    assert talk.refusal("CHIP:READ:SAT?") == -230
    talk.tell(f"CHIP:INP {INPUTS}")
    read = talk.numbers("CHIP:READ?")
    assert talk.ask("CHIP:READ:OUTP?;SAT?;POW?") == f"{','.join(map(repr, read))};0;{talk.ask('CHIP:POW?')}"
    assert talk.numbers("CHIP:INP?") == [0.5] * 6


def test_numbers_come_as_blocks_if_a_client_asks_for_them(talk: Talk) -> None:
    inputs = np.linspace(0.0, 1.0, 12)
    talk.tell("FORM REAL,64;:FORM:BORD SWAP")
    assert talk.ask("FORM?;:FORM:BORD?") == "REAL,64;SWAP"
    talk.tell(b"CHIP:INP #296" + inputs.astype("<f8").tobytes() + b",7")
    answer = talk.raw("CHIP:READ?")
    assert answer[:4] == b"#248"
    outputs = np.frombuffer(answer[4:], dtype="<f8")
    talk.tell("FORM ASC")
    assert talk.numbers("CHIP:READ:OUTP?") == outputs.tolist()
    assert talk.numbers("CHIP:INP?") == inputs.tolist()


def test_the_form_that_a_line_sets_holds_for_what_follows_on_it(talk: Talk) -> None:
    single = np.full(6, 0.5, dtype=">f4").tobytes()
    talk.tell(b"FORM REAL,32;:CHIP:INP #224" + single + b";:FORM ASC")
    assert talk.numbers("CHIP:INP?") == [0.5] * 6


def test_a_reset_brings_heaters_back_and_forgets_what_was_put_down(talk: Talk) -> None:
    before = talk.numbers("CHIP:PHAS?")
    talk.tell(f"CHIP:INP {INPUTS};PHAS (@1:5),1")
    assert talk.numbers("CHIP:PHAS? (@1:5)") != before[:5]
    talk.tell("FORM REAL;*RST")
    assert talk.numbers("CHIP:PHAS?") == before
    assert talk.refusal("CHIP:READ?") == -222


def test_inputs_are_a_clients_own(talk: Talk) -> None:
    other = Talk(talk.service)
    talk.tell(f"CHIP:INP {INPUTS}")
    other.tell(f"CHIP:INP {','.join(['0.25'] * 6)}")
    assert talk.numbers("CHIP:READ?") != other.numbers("CHIP:READ?")
    assert other.numbers("CHIP:INP?") == [0.25] * 6


def test_it_records_numbers_and_hears_what_is_spent() -> None:
    talk = Talk(small_service(bench=small_bench(budget=BudgetConfig(queries=10, time_s=1.0))))
    talk.tell(f'TRAC:LOG "loss",0.5;KEEP "mine",1,2,3;:CHIP:INP {INPUTS};READ?')
    talk.answers.clear()
    spent, left = talk.numbers("BUDG:SPEN?"), talk.numbers("BUDG:LEFT?")
    assert spent[1] == 1.0
    assert (left[1], left[2]) == (9.0, 9.91e37)
    assert left[0] == pytest.approx(1.0 - spent[0])
    assert talk.refusal('TRAC:LOG "",1') == -222


def test_asking_what_takes_no_time_spends_no_budget_of_commands_at_once() -> None:
    talk = Talk(small_service(bench=small_bench(budget=BudgetConfig(commands_at_once=5))))
    for _ in range(50):
        talk.ask("BUDG:SPEN?")
    assert talk.service.over is None


def test_a_client_waits_for_an_instant(talk: Talk) -> None:
    talk.tell("SYST:TIME:WAIT 0.25")
    assert talk.ask("SYST:TIME?;TIME:PIC?") == "0.25;250000000000"


def test_all_headers_are_listed(talk: Talk) -> None:
    headers = talk.ask("SYST:HELP:HEAD?").partition("*IDN?")[2].splitlines()
    assert {"*CLS", "CHIP:PROBe?", "OPU:PROJect:STARt", "SYSTem:ERRor[:NEXT]?"} <= set(headers)


def test_a_line_that_is_said_again_means_what_it_means_then(talk: Talk) -> None:
    line = b"CHIP:PHAS (@1),#18" + struct.pack(">d", 0.5)
    talk.tell("FORM REAL,64")
    for _ in range(2):
        talk.tell(line)
        assert talk.ask("SYST:ERR:COUN?") == "0"
    talk.tell("FORM REAL,32")
    assert talk.refusal(line) == -222  # two phases for one heater
