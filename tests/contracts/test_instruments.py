"""What every instrument on the bench promises, whatever it is; a new instrument joins the list below."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from emulator.commands import (
    Compute,
    Computed,
    Forward,
    PhasesSet,
    Project,
    Projection,
    Reading,
    SetPhases,
    Settle,
    Settled,
)
from emulator.errors import CommandError
from emulator.instruments.chip.chip import Chip
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.host.config import HostConfig
from emulator.instruments.host.host import Host
from emulator.instruments.opu.opu import Opu
from emulator.meter import Meter
from tests.builders import NotingRecorder, random_batch, random_design
from tests.opu_lab import DESIGN, random_vectors, slow_host, small_opu


@dataclass(frozen=True)
class Specimen:
    """An instrument, commands that it serves with the kind of their reply, and commands that it refuses."""

    instrument: Any
    meter: Meter
    recorder: NotingRecorder
    good: list[tuple[Any, type]]
    bad: list[Any]
    foreign: frozenset[str] = frozenset()
    """Components on the meter that it draws for, though they are another's."""
    random: bool = True
    """Whether its outcomes depend on the seed."""


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


def host_specimen(seed: int = 0) -> Specimen:
    del seed
    recorder = NotingRecorder()
    meter = Meter(recorder)
    host = Host(HostConfig(launch_s=1e-6), meter, recorder)
    good: list[tuple[Any, type]] = [
        (Compute(1_000_000, 0, "forward"), Computed),
        (Compute(0, 1_000_000, "update"), Computed),
        (Compute(0, 0), Computed),
        (Compute(1_000_000, 0, "forward"), Computed),
    ]
    wrong: Any = 1.0
    bad = [
        Compute(-1, 0),
        Compute(0, 2**63),
        Compute(wrong, 0),
        Compute(0, 0, "two words"),
        Compute(0, 0, ""),
    ]
    return Specimen(host, meter, recorder, good, bad, random=False)


def opu_specimen(seed: int = 0) -> Specimen:
    recorder = NotingRecorder()
    meter = Meter(recorder)
    opu = Opu(small_opu("dmd.torn_probability=0.1"), DESIGN, seed, slow_host(1e-4, 64), meter, recorder)
    good: list[tuple[Any, type]] = [
        (Project(random_vectors(count, seed=count)), Projection) for count in (1, 30, 1, 7)
    ]
    bad = [
        Project(random_vectors(3, DESIGN.features + 1)),
        Project(random_vectors(3).astype(np.float64)),  # type: ignore[arg-type]
        Project(random_vectors(3) * np.float32(0.5)),
        Project(random_vectors(0)),
    ]
    return Specimen(opu, meter, recorder, good, bad, frozenset({"host.frames"}))


INSTRUMENTS: list[Callable[..., Specimen]] = [chip_specimen, host_specimen, opu_specimen]


@pytest.fixture(params=INSTRUMENTS, ids=lambda make: make.__name__.removesuffix("_specimen"))
def make(request: pytest.FixtureRequest) -> Callable[..., Specimen]:
    """Build one of the instruments."""
    built: Callable[..., Specimen] = request.param
    return built


def serve_all(specimen: Specimen) -> list[tuple[Any, ...]]:
    """Serve every good command, one right after the other; return (service, start, end, outcome) of each."""
    served, now, instrument = [], 0, specimen.instrument
    for command, _ in specimen.good:
        service = instrument.begin(command)
        started, end = now, now + service.duration_ps
        if instrument.pipelined:
            started, end, _ = instrument.admit(command, now)
        instrument.commence(started)
        served.append((service, started, end, instrument.finish(command, started, end)))
        specimen.recorder.commands.append(())  # so that the next command's spans are not this one's
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
    own = set(specimen.meter.energy_j(0)) - specimen.foreign
    assert own
    assert all(component == name or component.startswith(f"{name}.") for component in own)


def test_an_instrument_names_the_kinds_of_the_commands_that_it_serves(make: Callable[..., Specimen]) -> None:
    specimen = make()
    served = {type(command) for command, _ in specimen.good}
    assert set(specimen.instrument.kinds) == served
    assert all(name.isidentifier() for name in specimen.instrument.kinds.values())


def test_every_reply_is_of_its_commands_kind(make: Callable[..., Specimen]) -> None:
    specimen = make()
    for (_, kind), (_, _, _, outcome) in zip(specimen.good, serve_all(specimen), strict=True):
        assert isinstance(outcome[0], kind)


def test_the_spans_of_a_service_are_whole_picoseconds_and_fill_its_time(
    make: Callable[..., Specimen],
) -> None:
    specimen = make()
    pipelined = specimen.instrument.pipelined
    for row, (service, start, end, _) in enumerate(serve_all(specimen)):
        durations = [ps for _, _, ps in service.steps]
        assert all(type(ps) is int and ps >= 0 for ps in durations)
        assert type(service.duration_ps) is int
        assert service.duration_ps == sum(durations)
        assert (end - start == service.duration_ps) or pipelined
        own = [span for span in specimen.recorder.spans if span[4] == row]
        assert all(start <= t_start <= t_end <= end for _, _, t_start, t_end, _ in own)
        planned = specimen.recorder.plans[service.plan]
        assert [step[:2] for step in planned] == [step[:2] for step in service.steps]


def test_the_ledger_accounts_for_every_use(make: Callable[..., Specimen]) -> None:
    """One command at a time fills the time exactly; in a pipeline, each stage fits into it."""
    specimen = make()
    last_ps = serve_all(specimen)[-1][2]
    busy = specimen.instrument.busy_ps()
    assert all(type(ps) is int and name.count(".") == 1 for name, ps in busy.items())
    if specimen.instrument.pipelined:
        assert all(0 <= ps <= last_ps for ps in busy.values())
    else:
        assert sum(busy.values()) == last_ps


def test_a_chips_services_account_for_every_use() -> None:
    specimen = chip_specimen()
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
    random = make().random
    first, again, other = ([outcome[3][1:] for outcome in serve_all(make(seed=seed))] for seed in (1, 1, 2))
    assert first == again
    assert (first != other) == random


def test_states_have_names_and_are_arrays(make: Callable[..., Specimen]) -> None:
    instrument = make().instrument
    for states in (instrument.opening_states(), instrument.closing_states()):
        assert all(name.isidentifier() and isinstance(values, np.ndarray) for name, values, _ in states)


def test_power_changes_are_recorded_in_order_and_never_negative(make: Callable[..., Specimen]) -> None:
    specimen = make()
    serve_all(specimen)
    instants = [t_ps for _, t_ps, _ in specimen.recorder.watts]
    assert instants == sorted(instants)
    assert all(watts >= 0 for _, _, watts in specimen.recorder.watts)
