"""Operators start faults as a study's [[agents]] have them, by the keys that these have."""

import pytest

from emulator.errors import CommandError, ConfigError
from emulator.remote.control.control import Control
from emulator.remote.server.service import Service
from experiments.serve.operators import control_of, new_token
from tests.wire_lab import small_bench, small_service

Served = tuple[Service, Control]


@pytest.fixture
def served() -> Served:
    bench = small_bench()
    service = small_service(bench=bench)
    return service, control_of(service, bench, 0, "token")


def test_a_token_is_long_and_another_one_every_time() -> None:
    assert len(new_token()) == 32
    assert new_token() != new_token()


def test_a_fault_works_from_then_on_under_a_name_of_its_own(served: Served) -> None:
    service, found = served
    assert (
        found.start_fault("kind = 'stuck_heater', indices = [4], radians = 1.0") == "stuck_heater.operator0"
    )
    service.pump()
    client = service.welcome(lambda answer: None, lambda: None)
    assert client is not None
    service.deliver(client, b"*OPC?")
    service.pump()
    chip = service.instrument("chip")
    assert chip.core.hidden.value("stuck", 4) == 1.0
    assert found.start_fault("kind = 'dead_detector', indices = [1]") == "dead_detector.operator1"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("kind = 'stuck_haeter'", "did you mean 'stuck_heater'|stuck_heater"),
        ("kind = 'stuck_heater', indices = [5]", "5"),
        ("kind = 'stuck_heater'}, {kind = 'stuck_heater'", "2 faults at once"),
        ("kind = ", "is no TOML"),
        ("a" * 2000, "1000, all printable"),
        ("kind = 'x'\n", "all printable"),
        ("x = " + "[" * 900, "is no TOML"),
        (".".join(["a"] * 450) + " = 1", "FAULt"),
    ],
)
def test_what_is_no_fault_is_refused(served: Served, text: str, why: str) -> None:
    with pytest.raises((ConfigError, CommandError), match=why):
        served[1].start_fault(text)
