"""The contract that every controller keeps, and what those that tune a chip keep besides; replies are canned.

A new controller joins the specimens in ``controller_specimens``, or CI fails.
"""

import math
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from controllers.kind import DEPLOYMENT, WORKLOAD, Kind
from controllers.registry import CONTROLLERS
from emulator.commands import (
    Command,
    Compute,
    Controller,
    Forward,
    Incumbent,
    Join,
    Kernel,
    Log,
    Monitor,
    Probe,
    Project,
    Sequence,
    SetPhases,
    Settle,
    Start,
)
from emulator.instruments.registry import placed
from tests.contracts.controller_specimens import (
    CHIP_CONTROLLERS,
    HOST_CONTROLLERS,
    LIGHT_CONTROLLERS,
    LOOK,
    MODULES,
    SIZES,
    SPECIMENS,
    CannedBench,
    Maker,
    Specimen,
    conversation,
    small_deployment,
    small_setting,
    told,
)

ROOT = Path(__file__).resolve().parents[2]
ENOUGH = 5000
"""Commands by which every specimen has come to an end."""


_chip = [pytest.param(make, id=make.name) for make in CHIP_CONTROLLERS]
_light = [pytest.param(make, id=make.name) for make in LIGHT_CONTROLLERS]
_host = [pytest.param(make, id=make.name) for make in HOST_CONTROLLERS]

every_kind = pytest.mark.parametrize("kind", CONTROLLERS.values(), ids=lambda kind: kind.name)
every_specimen = pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda specimen: specimen.name)
every_controller = pytest.mark.parametrize("make", [*_chip, *_light, *_host])
every_controller_with_instrument = pytest.mark.parametrize("make", [*_chip, *_light])
every_light_controller = pytest.mark.parametrize("make", _light)
every_training = pytest.mark.parametrize("make", [*_light, *_host])
every_chip_controller = pytest.mark.parametrize("make", _chip)


def asked(controller: Controller, kind: Any, most: int = LOOK) -> list[Any]:
    """Return the commands of ``kind``, also those that were started."""
    commands = [c.command if isinstance(c, Start) else c for c in conversation(controller, most=most)]
    return [command for command in commands if isinstance(command, kind)]


# --------------------------------------------------------------------------- every kind registered


@every_kind
def test_a_controller_that_is_registered_keeps_this_contract_as_a_specimen(kind: Kind) -> None:
    assert kind in [specimen.kind for specimen in SPECIMENS]


def test_a_specimen_is_of_a_kind_that_is_registered_under_its_own_name() -> None:
    assert {specimen.kind.name for specimen in SPECIMENS} == set(CONTROLLERS)
    assert all(CONTROLLERS[specimen.kind.name] is specimen.kind for specimen in SPECIMENS)


@every_kind
def test_a_kind_says_its_name_in_its_options_which_all_have_defaults(kind: Kind) -> None:
    assert kind.options.model_validate({}).kind == kind.name
    assert get_args(kind.options.model_fields["kind"].annotation) == (kind.name,)


@every_kind
def test_a_kind_needs_sections_that_there_are(kind: Kind) -> None:
    assert kind.needs <= {DEPLOYMENT, WORKLOAD, *placed()}


@every_specimen
def test_a_program_says_what_it_expects_and_is_true_to_it(specimen: Specimen) -> None:
    program, standing = specimen.program(0), specimen.kind.needs - specimen.kind.unused(specimen.options)
    assert program.queries > 0
    assert program.verb.isalpha()
    assert set(program.sizes) <= standing
    assert all(size >= 1 for sizes in program.sizes.values() for size in sizes)
    logged = {each.name for each in conversation(program.controller, most=ENOUGH) if isinstance(each, Log)}
    assert program.mark is None or program.mark in logged


# ------------------------------------------------------------------------------- every controller


@every_controller
def test_it_asks_only_what_the_vocabulary_has(make: Maker) -> None:
    assert {type(command) for command in conversation(make(0))} <= set(get_args(Command))


@every_controller
def test_what_it_logs_is_a_finite_number_with_a_name(make: Maker) -> None:
    logs = asked(make(0), Log)
    assert all(log.name.isidentifier() and math.isfinite(log.value) for log in logs)
    assert "train_loss" in {log.name for log in logs}


@every_controller
def test_it_joins_every_command_that_it_starts_once_and_none_before(make: Maker) -> None:
    started, joined = 0, []
    for command in conversation(make(0), most=ENOUGH):
        started += isinstance(command, Start)
        if isinstance(command, Join):
            assert command.ticket.number < started
            joined.append(command.ticket.number)
    assert sorted(joined) == list(range(started))


@every_controller
def test_it_can_be_closed_at_any_point(make: Maker) -> None:
    for point in range(60):
        controller = make(0)
        for _ in zip(range(point), conversation(controller), strict=False):
            pass
        controller.close()
        with pytest.raises(StopIteration):
            next(controller)


@every_controller
def test_it_comes_to_an_end(make: Maker) -> None:
    assert LOOK // 3 < sum(1 for _ in conversation(make(0), most=ENOUGH)) < ENOUGH


@every_controller
def test_a_seed_fixes_every_command_and_another_seed_gives_others(make: Maker) -> None:
    first, again, other = ([told(each) for each in conversation(make(seed))] for seed in (1, 1, 2))
    assert first == again
    assert first != other


@every_controller
def test_what_is_random_elsewhere_does_not_reach_it(make: Maker) -> None:
    first, other = make(1), make(1)
    alone = [told(each) for each in conversation(first)]
    among_others = []
    for ours, _ in zip(conversation(other), conversation(make(2)), strict=False):
        among_others.append(told(ours))
    assert among_others == alone[: len(among_others)]


@every_controller
def test_it_does_not_change_what_it_has_asked_for(make: Maker) -> None:
    then = [(command, told(command)) for command in conversation(make(0))]
    assert [told(command) for command, _ in then] == [words for _, words in then]


@every_controller_with_instrument
def test_it_listens_to_its_replies(make: Maker) -> None:
    here, there = ([told(each) for each in conversation(make(1), seed)] for seed in (0, 1))
    assert here != there


@every_controller_with_instrument
def test_it_does_not_write_to_what_it_reads(make: Maker) -> None:
    bench = CannedBench()
    for _ in conversation(make(0), most=LOOK, bench=bench):
        pass
    assert bench.given
    assert all((array == copy).all() for array, copy in bench.given)


@pytest.mark.parametrize("module", MODULES)
def test_its_module_brings_no_simpy_no_h5py_and_no_instrument(module: str) -> None:
    code = f"import sys, {module}; print(*sorted(sys.modules))"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    brought = ran.stdout.split()
    forbidden = ("simpy", "h5py", "emulator.instruments", "emulator.bench", "emulator.trace", "experiments")
    assert [name for name in brought if name.startswith(forbidden)] == []


# ----------------------------------------------------------- controllers that train a network elsewhere


@every_training
def test_a_training_pays_the_host_in_whole_operations_and_bytes_for_named_activities(make: Maker) -> None:
    works = asked(make(0), Compute | Kernel)
    assert works
    for work in works:
        assert {type(work.flops), type(work.bytes)} == {int}
        assert min(work.flops, work.bytes) >= 0
        assert work.activity.isidentifier()


@every_light_controller
def test_vectors_for_the_light_are_rows_of_single_precision_that_a_mirror_device_shows(make: Maker) -> None:
    projections = asked(make(0), Project)
    assert projections
    for command in projections:
        assert command.vectors.dtype == "float32"
        assert command.vectors.shape[1:] == SIZES[-1:]
        assert len(command.vectors) >= 1
        assert set(command.vectors.ravel().tolist()) <= {-1.0, 0.0, 1.0}


# ------------------------------------------------------------------ controllers that tune a chip


@every_chip_controller
def test_a_tuning_moves_phases_queries_and_logs(make: Maker) -> None:
    kinds = {type(command) for command in conversation(make(0))}
    assert kinds & {SetPhases, Probe, Sequence}
    assert kinds & {Forward, Probe, Sequence, Monitor}
    assert Log in kinds


def settings_of(controller: Controller, most: int = LOOK) -> Iterator[tuple[Any, Any]]:
    """Yield the heaters and the phases of every setting, those that a sequencer may choose included."""
    for command in asked(controller, object, most):
        if isinstance(command, SetPhases | Probe):
            yield command.heaters, command.radians
        elif isinstance(command, Sequence):
            yield from zip(command.heaters, command.radians, strict=True)
            if command.decide is not None:
                for candidates in (command.decide.back, command.decide.home):
                    yield from zip(command.heaters, candidates[:, np.newaxis], strict=True)


@every_chip_controller
def test_it_sets_active_heaters_only_each_once_and_to_one_phase(make: Maker) -> None:
    active = set(small_deployment(0).heaters.tolist())
    settings = list(settings_of(make(0)))
    assert settings
    for heaters, radians in settings:
        assert set(heaters) <= active
        assert len(set(heaters)) == len(heaters) == len(radians)


@every_chip_controller
def test_heaters_and_phases_are_plain_numbers_or_arrays_of_full_width_and_finite(make: Maker) -> None:
    for heaters, radians in settings_of(make(0)):
        assert {type(heater) for heater in heaters} <= {int, np.int64}
        assert {type(phase) for phase in radians} <= {float, np.float64}
        assert all(math.isfinite(phase) for phase in radians)
        assert isinstance(heaters, np.ndarray) or {type(heater) for heater in heaters} == {int}


@every_chip_controller
def test_phases_lie_within_one_turn(make: Maker) -> None:
    for seed in range(5):
        phases = [phase for _, radians in settings_of(make(seed)) for phase in radians]
        assert min(phases) >= 0
        assert max(phases) < 2 * math.pi


@every_chip_controller
def test_it_lets_the_chip_settle_between_a_change_and_a_query(make: Maker) -> None:
    """A Probe and a Sequence settle by themselves, before they read for the first time after a change."""
    restless = False
    for command in conversation(make(0)):
        if isinstance(command, SetPhases):
            restless = True
        elif isinstance(command, Settle | Probe):
            restless = False
        elif isinstance(command, Forward | Sequence | Monitor):
            assert not restless


BELIEVES: dict[str, Callable[[Mapping[str, Any]], NDArray[np.float64]]] = {
    "szo_scd": lambda names: names["descent"].phases,
    "admm": lambda names: names["descent"].phases,
    "stp": lambda names: names["descent"].phases,
    "my_controller": lambda names: names["phases"],
    "avm": lambda names: names["phases"],
}
"""Of controllers that name no incumbent, the local variables that hold what they would end with."""


def looks_after_iterations(make: Maker) -> Iterator[tuple[dict[int, float], Controller]]:
    """Yield what is driven, and the controller, whenever it logs the loss of an iteration."""
    controller, bench, setting = make(0), CannedBench(), small_setting(0)
    driven = dict(zip(setting.heaters.tolist(), setting.phases.tolist(), strict=True))
    reply: Any = None
    for _ in range(ENOUGH):
        try:
            command = controller.send(reply)
        except StopIteration:
            return
        reply = bench.reply(command)
        if isinstance(command, SetPhases | Probe):
            driven.update(zip(command.heaters, command.radians, strict=True))
        elif isinstance(command, Sequence):
            driven.update(zip(command.heaters[: len(reply.radians), 0].tolist(), reply.radians, strict=True))
        elif isinstance(command, Log) and command.name == "train_loss":
            yield driven, controller


@every_chip_controller
def test_it_names_its_incumbent_or_drives_the_chip_to_it_between_iterations(make: Maker) -> None:
    """A judge looks when it likes: at what was named, else at what is driven, which must be no mere candidate."""
    commands = list(conversation(make(0), most=ENOUGH))
    kinds = [type(command) for command in commands]
    if Incumbent not in kinds:
        name = getattr(getattr(make, "kind", make), "name")  # noqa: B009  (of a specimen it is its kind's)
        for driven, controller in looks_after_iterations(make):
            assert list(driven.values()) == BELIEVES[name](controller.gi_frame.f_locals).tolist()
        return
    active = set(small_deployment(0).heaters.tolist())
    ends = [n for n, each in enumerate(commands) if isinstance(each, Log) and each.name == "train_loss"]
    assert kinds.index(Incumbent) < min(
        kinds.index(kind) for kind in (Probe, Sequence, Forward, Monitor) if kind in kinds
    )
    assert all(Incumbent in kinds[begin:end] for begin, end in pairwise([0, *ends]))
    for named in asked(make(0), Incumbent):
        assert set(np.asarray(named.heaters).tolist()) <= active
        assert len(named.radians) == len(named.heaters)
        assert all(0.0 <= phase < 2 * math.pi for phase in named.radians)


@every_chip_controller
def test_a_batch_has_a_label_for_every_input_and_its_key_means_no_other(make: Maker) -> None:
    known: dict[int, bytes] = {}
    for command in asked(make(0), Forward | Probe | Sequence | Monitor):  # type: ignore[arg-type]  # a union will do
        batch = command.batch
        assert batch.inputs.shape == (len(batch.labels), SIZES[0])
        assert len(batch.samples) in {0, len(batch.labels)}
        assert known.setdefault(batch.key, batch.inputs.tobytes()) == batch.inputs.tobytes()
    assert len(known) > 1
