"""What every instrument on the bench promises, whatever it is; a new instrument joins the list below."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from emulator.chip_config import ChipConfig
from emulator.commands import Forward, PhasesSet, Reading, SetPhases, Settle, Settled
from emulator.errors import CommandError
from emulator.instruments.chip import Chip
from emulator.meter import Meter
from tests.builders import NotingRecorder, random_batch, random_design


@dataclass(frozen=True)
class Specimen:
    """An instrument, commands that it serves with the kind of their reply, and commands that it refuses."""

    instrument: Any
    meter: Meter
    recorder: NotingRecorder
    good: list[tuple[Any, type]]
    bad: list[Any]


def chip_specimen(seed: int = 0) -> Specimen:
    recorder = NotingRecorder()
    meter = Meter(recorder)
    chip = Chip(ChipConfig(), random_design((6, 5, 3), 0, active=range(0, 45, 2)), seed, meter, recorder)
    good = [
        (Forward(random_batch(9, 6, key=0)), Reading),
        (SetPhases([0], [1.0]), PhasesSet),
        (SetPhases([2, 4], [1.0, 2.0]), PhasesSet),
        (SetPhases([], []), PhasesSet),
        (Settle(), Settled),
        (Settle(0), Settled),
        (Forward(random_batch(9, 6, key=0)), Reading),
        (Forward(random_batch(40, 6, key=1)), Reading),
    ]
    bad = [SetPhases([1], [1.0]), SetPhases([0], [float("nan")]), Settle(-1)]
    return Specimen(chip, meter, recorder, good, bad)


INSTRUMENTS: list[Callable[..., Specimen]] = [chip_specimen]


@pytest.fixture(params=INSTRUMENTS, ids=lambda make: make.__name__.removesuffix("_specimen"))
def make(request: pytest.FixtureRequest) -> Callable[..., Specimen]:
    """Build one of the instruments."""
    built: Callable[..., Specimen] = request.param
    return built


def serve_all(specimen: Specimen) -> list[tuple[Any, ...]]:
    """Serve every good command, one right after the other; return (service, start, end, outcome) of each."""
    served, now = [], 0
    for command, _ in specimen.good:
        service = specimen.instrument.begin(command)
        end = now + service.duration_ps
        served.append((service, now, end, specimen.instrument.finish(command, now, end)))
        service.uses += 1
        now = end
    return served


def test_an_instrument_has_a_name_and_its_components_on_the_meter_bear_it(
    make: Callable[..., Specimen],
) -> None:
    specimen = make()
    name = specimen.instrument.name
    assert name.isidentifier()
    assert specimen.meter.energy_j(0)
    assert all(component.startswith(f"{name}.") for component in specimen.meter.energy_j(0))


def test_every_reply_is_of_its_commands_kind(make: Callable[..., Specimen]) -> None:
    specimen = make()
    for (_, kind), (_, _, _, outcome) in zip(specimen.good, serve_all(specimen), strict=True):
        assert isinstance(outcome[0], kind)


def test_the_spans_of_a_service_are_whole_picoseconds_and_fill_its_time(
    make: Callable[..., Specimen],
) -> None:
    specimen = make()
    for service, _, _, _ in serve_all(specimen):
        durations = [ps for _, _, ps in service.steps]
        assert all(type(ps) is int and ps >= 0 for ps in durations)
        assert type(service.duration_ps) is int
        assert service.duration_ps == sum(durations)
        planned = specimen.recorder.plans[service.plan]
        assert [step[:2] for step in planned] == [step[:2] for step in service.steps]


def test_the_services_account_for_every_use(make: Callable[..., Specimen]) -> None:
    specimen = make()
    served = serve_all(specimen)
    assert sum(service.uses for service in specimen.instrument.services()) == len(served)
    total_ps = sum(service.uses * service.duration_ps for service in specimen.instrument.services())
    assert total_ps == served[-1][2]


def test_what_the_trace_keeps_of_a_command_is_finite(make: Callable[..., Specimen]) -> None:
    for _, _, _, (_, target, value, result) in serve_all(make()):
        assert int(target) == target >= -1
        assert np.isfinite([value, result]).all()


def test_a_command_that_cannot_be_served_is_refused_and_changes_nothing(
    make: Callable[..., Specimen],
) -> None:
    tried, untouched = make(), make()
    for command in tried.bad:
        with pytest.raises(CommandError):
            tried.instrument.begin(command)
    assert tried.recorder.watts == untouched.recorder.watts
    for left, right in zip(serve_all(tried), serve_all(untouched), strict=True):
        assert left[1:3] == right[1:3]
        assert left[3][1:] == right[3][1:]


def test_a_service_that_was_begun_and_never_finished_changes_no_outcome(
    make: Callable[..., Specimen],
) -> None:
    begun, untouched = make(), make()
    for command, _ in begun.good:
        begun.instrument.begin(command)
    assert [outcome[3][1:] for outcome in serve_all(begun)] == [
        outcome[3][1:] for outcome in serve_all(untouched)
    ]


def test_the_same_seed_gives_the_same_outcomes_and_another_seed_others(make: Callable[..., Specimen]) -> None:
    first, again, other = ([outcome[3][1:] for outcome in serve_all(make(seed=seed))] for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_power_changes_are_recorded_in_order_and_never_negative(make: Callable[..., Specimen]) -> None:
    specimen = make()
    serve_all(specimen)
    instants = [t_ps for _, t_ps, _ in specimen.recorder.watts]
    assert instants == sorted(instants)
    assert all(watts >= 0 for _, _, watts in specimen.recorder.watts)
