"""What every registered instrument promises, whatever it is; a kind without a specimen fails."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from emulator.commands import Disturb
from emulator.errors import CommandError
from emulator.instruments.instrument import InstrumentKind, Stand
from emulator.instruments.registry import INSTRUMENTS
from emulator.plan import REMAINDER
from tests.bench_lab import DONE, ISSUED, PLAN, RESULT, STARTED, exact_energy_j
from tests.contracts.instrument_specimens import SPECIMENS, Served, serve

TARGET, VALUE = 8, 9

every_kind = pytest.mark.parametrize("kind", INSTRUMENTS.values(), ids=lambda kind: kind.name)
every_hidden_state = pytest.mark.parametrize(
    ("kind", "state"),
    [
        pytest.param(kind, state, id=f"{kind.name}.{state}")
        for kind in INSTRUMENTS.values()
        for state in kind.disturbs
    ],
)


def what_was_found(served: Served) -> list[tuple[Any, ...]]:
    """Return what the trace keeps of every command: when it was, and what came of it."""
    return [row[ISSUED:] for row in served.rows.commands]


def test_every_registered_instrument_keeps_this_contract_as_a_specimen() -> None:
    assert set(SPECIMENS) == set(INSTRUMENTS)
    assert all(name == kind.name for name, kind in INSTRUMENTS.items())


@every_kind
def test_a_kind_has_an_identifier_for_a_name_and_so_have_its_commands(kind: InstrumentKind) -> None:
    assert kind.name.isidentifier()
    assert kind.commands
    assert all(name.isidentifier() for name in kind.commands.values())
    assert isinstance(SPECIMENS[kind.name].stand.config, kind.config)


@every_kind
def test_it_serves_every_command_that_it_names_and_replies_in_kind(kind: InstrumentKind) -> None:
    served, good = serve(kind), SPECIMENS[kind.name].good
    assert served.refusals == []
    assert {type(command) for command, _ in good} == set(kind.commands)
    assert [type(reply) for reply in served.replies] == [reply for _, reply in good]


@every_kind
def test_no_command_is_served_by_two_kinds(kind: InstrumentKind) -> None:
    others = [other for other in INSTRUMENTS.values() if other is not kind]
    assert not any(set(kind.commands) & set(other.commands) for other in others)


@every_kind
def test_it_draws_when_idle_what_its_kind_says_and_its_components_bear_its_name(kind: InstrumentKind) -> None:
    served, specimen = serve(kind, asked=()), SPECIMENS[kind.name]
    idle = {**kind.idle_w(specimen.stand), **INSTRUMENTS["host"].idle_w(Stand(specimen.host))}
    names = served.rows.names["power.component"]
    levels = {names[component]: watts for component, t_ps, watts in served.rows.watts if t_ps == 0}
    assert {name: levels.get(name, 0.0) for name in idle} == idle
    assert set(served.result.energy_by_component_j) == set(names) >= set(idle)
    assert all(name.partition(".")[0] in {kind.name, "host"} for name in names)


@every_kind
def test_the_plan_of_recorded_work_is_the_plan_that_was_served(kind: InstrumentKind) -> None:
    served, specimen = serve(kind), SPECIMENS[kind.name]
    for row, name in zip(served.rows.commands, served.kinds, strict=True):
        work = served.rows.works[row[PLAN]]
        asked = kind.plan(specimen.stand.config, specimen.host, name, dict(work))
        assert asked.work == work
        # a Compute names its activity itself
        assert [(step.resource, *step[2:]) for step in asked.steps] == [
            (step.resource, *step[2:]) for step in served.rows.plans[row[PLAN]]
        ]


@every_kind
def test_steps_are_whole_picoseconds_and_fill_the_time_of_their_command(kind: InstrumentKind) -> None:
    served = serve(kind)
    for row in served.rows.commands:
        durations = [step.ps for step in served.rows.plans[row[PLAN]]]
        assert all(type(ps) is int and (ps >= 0 or ps == REMAINDER) for ps in durations)
        assert all(type(t_ps) is int for t_ps in row[ISSUED : DONE + 1])
        assert row[ISSUED] <= row[STARTED] <= row[DONE]
        if durations and REMAINDER not in durations:
            assert sum(durations) == row[DONE] - row[STARTED]
        held = [step.held for step in served.rows.plans[row[PLAN]]]
        assert held == sorted(held, reverse=True)  # the host's thought comes last


@every_kind
def test_the_time_that_is_busy_is_that_of_the_rows(kind: InstrumentKind) -> None:
    """What a pipeline does fits into the time that passes."""
    served = serve(kind)
    busy = served.result.busy_by_span_s
    assert all(name.count(".") == 1 and busy_s >= 0 for name, busy_s in busy.items())
    if any(served.rows.plans[row[PLAN]] for row in served.rows.commands):
        assert sum(busy.values()) == pytest.approx(
            sum(row[DONE] - row[STARTED] for row in served.rows.commands) / 1e12, rel=1e-12
        )
    else:
        assert all(busy_s <= served.result.elapsed_s for busy_s in busy.values())


@every_kind
def test_the_energy_is_the_integral_of_the_levels_and_of_what_steps_draw(kind: InstrumentKind) -> None:
    served = serve(kind)
    end_ps = round(served.result.elapsed_s * 1e12)
    steps = [step for row in served.rows.commands for step in served.rows.plans[row[PLAN]] if step.watts]
    exact = exact_energy_j(served.rows.watts, end_ps)
    exact += sum((Fraction(step.watts) * step.ps for step in steps), Fraction()) / 10**12
    assert served.result.energy_j == pytest.approx(float(exact), rel=1e-14)


@every_kind
def test_what_the_trace_keeps_of_a_command_is_finite(kind: InstrumentKind) -> None:
    for row in serve(kind).rows.commands:
        assert int(row[TARGET]) == row[TARGET] >= -1
        assert np.isfinite([row[VALUE], row[RESULT]]).all()


@every_kind
def test_rows_come_in_the_order_of_their_replies(kind: InstrumentKind) -> None:
    done = [row[DONE] for row in serve(kind).rows.commands]
    assert done == sorted(done)


@every_kind
def test_a_command_that_is_refused_changes_nothing(kind: InstrumentKind) -> None:
    specimen = SPECIMENS[kind.name]
    good = [command for command, _ in specimen.good]
    tried, untouched = serve(kind, [*good[:1], *specimen.bad, *good[1:]]), serve(kind)
    assert len(tried.refusals) == len(specimen.bad)
    assert all(tried.refusals)
    assert tried.rows.commands == untouched.rows.commands
    assert tried.rows.watts == untouched.rows.watts
    assert tried.result == untouched.result


@every_kind
def test_commands_of_other_kinds_are_refused_with_the_names_of_those_that_it_serves(
    kind: InstrumentKind,
) -> None:
    others = [SPECIMENS[name].good[0][0] for name in INSTRUMENTS if name not in {kind.name, "host"}]
    served = serve(kind, others)
    assert served.rows.commands == []
    assert len(served.refusals) == len(others)
    for words in served.refusals:
        assert "no instrument here serves" in words
        assert all(command.__name__ in words for command in kind.commands)


@every_kind
def test_the_same_seed_gives_the_same_outcomes_and_another_seed_others(kind: InstrumentKind) -> None:
    first, again, other = (what_was_found(serve(kind, seed=seed)) for seed in (1, 1, 2))
    assert first == again
    assert (first != other) == SPECIMENS[kind.name].random


@every_kind
def test_queries_are_counted_as_the_kind_declares(kind: InstrumentKind) -> None:
    served = serve(kind)
    columns = {"": None, "target": TARGET, "value": VALUE, "result": RESULT}
    counted = 0
    for row, name in zip(served.rows.commands, served.kinds, strict=True):
        if name in kind.counts:
            column = columns[kind.counts[name]]
            counted += 1 if column is None else row[column]
    assert served.result.queries == counted > 0


@every_kind
def test_states_have_names_and_are_arrays(kind: InstrumentKind) -> None:
    assert all(name.isidentifier() for name in serve(kind).rows.states)


@every_kind
def test_power_changes_are_recorded_in_order_and_never_negative(kind: InstrumentKind) -> None:
    levels = serve(kind).rows.watts
    assert all(watts >= 0 for _, _, watts in levels)
    for component in {each[0] for each in levels}:
        instants = [t_ps for number, t_ps, _ in levels if number == component]
        assert instants == sorted(instants)


@every_kind
def test_every_hidden_state_has_a_value_that_it_can_be_given(kind: InstrumentKind) -> None:
    assert set(SPECIMENS[kind.name].disturbances) == set(kind.disturbs)
    assert all(state.isidentifier() and words for state, words in kind.disturbs.items())


@every_hidden_state
def test_a_disturbance_takes_no_time_leaves_a_row_and_changes_what_comes_after(
    kind: InstrumentKind, state: str
) -> None:
    specimen = SPECIMENS[kind.name]
    index, value = specimen.disturbances[state]
    good = [command for command, _ in specimen.good]
    before = len(serve(kind, good[:2]).rows.commands)
    disturbed = serve(kind, [*good[:2], Disturb(f"{kind.name}.{state}", value, index), *good[2:]])
    untouched = serve(kind)
    row, names = disturbed.rows.commands[before], disturbed.rows.names
    assert disturbed.kinds[before] == f"disturb.{state}"
    assert names["commands.instrument"][row[1]] == kind.name
    assert row[ISSUED] == row[STARTED] == row[DONE] == disturbed.rows.commands[before - 1][DONE]
    assert row[TARGET : VALUE + 1] == (index, value)
    assert disturbed.rows.plans[row[PLAN]] == ()
    assert disturbed.rows.works[row[PLAN]] == (("disturbed", list(kind.disturbs).index(state)),)
    found, expected = what_was_found(disturbed), what_was_found(untouched)
    assert found[:before] == expected[:before]
    if state not in kind.retiming.untold:  # those decide what commands take
        assert [times[:2] for times in found[before + 1 : before + 3]] == [
            times[:2] for times in expected[before : before + 2]
        ]
    assert found[before + 1 :] != expected[before:]


@every_hidden_state
def test_a_hidden_state_tells_the_value_that_it_was_given_or_passes(kind: InstrumentKind, state: str) -> None:
    index, value = SPECIMENS[kind.name].disturbances[state]
    served = serve(kind, [Disturb(f"{kind.name}.{state}", value, index)])
    assert kind.hidden(served.bench.named(kind.name), state, index) == (None if state == "link" else value)


@every_kind
def test_a_hidden_state_that_is_not_declared_is_refused_and_nothing_is_recorded(kind: InstrumentKind) -> None:
    wanted = [Disturb(f"{kind.name}.soul", 1.0, 0), Disturb("soul", 1.0), Disturb(f"{kind.name}.", 1.0)]
    served = serve(kind, wanted)
    assert served.rows.commands == []
    assert len(served.refusals) == len(wanted)
    allowed = ", ".join(f"{kind.name}.{state}" for state in kind.disturbs) or "none"
    assert all(f"allowed: {allowed}" in words for words in served.refusals)
    instrument: Any = served.bench.instrument(object)
    with pytest.raises(CommandError, match="soul"):
        instrument.disturb("soul", 0, 1.0)


@every_hidden_state
def test_a_hidden_state_that_is_nearly_named_is_suggested(kind: InstrumentKind, state: str) -> None:
    (words,) = serve(kind, [Disturb(f"{kind.name}.{state}x", 1.0, 0)]).refusals
    assert f"did you mean '{kind.name}.{state}'?" in words


@every_hidden_state
@pytest.mark.parametrize("change", [{"index": "first"}, {"value": "much"}, {"value": None}, {"index": 0.5}])
def test_a_disturbance_that_is_no_number_is_refused(
    kind: InstrumentKind, state: str, change: dict[str, Any]
) -> None:
    index, value = SPECIMENS[kind.name].disturbances[state]
    command = Disturb(f"{kind.name}.{state}", **({"index": index, "value": value} | change))
    served = serve(kind, [command])
    assert len(served.refusals) == 1
    assert served.rows.commands == []
