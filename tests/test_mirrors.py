"""Every module has a test in its place: ``tests`` mirrors the tree, or says here where else a module is tested."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_house_rules import PACKAGES, ROOT, Source, imported, sources

TESTED_AS_A_KIND = {
    "command.py": "parses, calls and prints: test_cli.py asks every command for its help",
    "kind.py": "declares: what is declared is tested in tests/contracts and where it is used",
    "effects.py": "declares: retiming/test_parameters.py asks it of every parameter of every kind",
    "registry.py": "lists: a test of each kind runs over the list",
}
"""Names of modules that only declare, and what tests the declaration."""

TESTED_BY_CALLERS = {
    "controllers/step_graph/agent.py": "scale/test_timing.py and tests/contracts play it",
    "controllers/step_graph/blocks.py": "step_graph/test_graph.py: sums over all blocks",
    "controllers/step_graph/operations.py": "step_graph/test_graph.py: products, updates",
    "controllers/step_graph/numeric.py": "scale/test_timing.py: with numbers the ledger is the same",
    "emulator/instruments/draws.py": "instruments/test_station.py: draws that begin, end and add up",
    "emulator/instruments/gpu/gpu.py": "tests/contracts/test_instruments.py, and gpu/test_timing.py for its price",
    "emulator/instruments/gpu/words.py": "tests/contracts/test_wire.py speaks to every kind",
    "experiments/run/preflight/timed.py": "scale/test_timing.py: what cannot be is refused",
    "experiments/run/watching/pacing.py": "scale/test_timing.py and tests/docs/test_trace.py: energy is logged",
    "experiments/tasks/exhibits.py": "declares: run/watching/test_exhibiting.py has an exhibit in a trace",
    "experiments/run/watching/interrupts.py": "run/test_launch.py and run/test_signals.py: runs end by signals",
    "experiments/scale/view.py": "docs: every command line is run",
    "experiments/commands_page.py": "tests/contracts: a command that is landed must be on the page",
    "emulator/instruments/again.py": "what a row was is asked for again: experiments/replay/test_modes.py",
    "emulator/instruments/opu/calibrated.py": "experiments/calibrate/test_calibration.py",
    "emulator/instruments/chip/sequencing/resequence.py": "experiments/whatif/test_loop.py: the loop closed",
    "emulator/instruments/chip/retimed.py": "emulator/retiming/test_retime.py and experiments/replay/test_modes.py",
    "emulator/instruments/retiming.py": "what a kind may say of itself: emulator/retiming/test_retime.py",
    "emulator/instruments/opu/resend.py": "emulator/retiming/test_retime.py: frames are sent again",
    "experiments/ceiling/progress.py": "ceiling/test_ceiling.py: progress is told in steps",
    "experiments/ceiling/view.py": "ceiling/test_ceiling.py: the table and the JSON",
    "emulator/instruments/wire.py": "declares: tests/contracts/test_wire.py asks every kind for its words",
    "emulator/instruments/chip/wire/commands.py": "remote/words/test_chip.py: what is said, is asked",
    "emulator/instruments/chip/wire/words.py": "remote/words/test_chip.py and tests/contracts/test_wire.py",
    "emulator/instruments/opu/wire/words.py": "remote/words/test_client.py and tests/contracts/test_wire.py",
    "emulator/instruments/host/words.py": "remote/words/test_client.py and tests/contracts/test_wire.py",
    "emulator/agents/observing.py": "emulator/test_bench.py: observers look when it is their turn",
    "emulator/agents/result.py": "emulator/test_bench.py and test_bench_closing.py",
    "emulator/remote/client/answers.py": "remote/client/test_talk.py: what is no answer is told",
    "emulator/remote/client/templates.py": "remote/client/test_dialect.py: words are filled",
    "emulator/remote/client/phrases.py": "remote/client/test_conformance.py: replies are the bench's own",
    "emulator/remote/client/link.py": "remote/client/test_talk.py and test_conformance.py",
    "emulator/remote/client/kinds.py": "remote/client/test_conformance.py: every kind is driven elsewhere",
    "emulator/remote/client/relays/chip.py": "remote/client/test_conformance.py",
    "emulator/remote/client/relays/host.py": "remote/client/test_conformance.py",
    "emulator/remote/client/relays/opu.py": "remote/client/test_conformance.py",
    "emulator/remote/client/relays/relay.py": "remote/client/test_conformance.py",
    "experiments/calibrate/csv_file.py": "calibrate/test_measured.py and calibrate/tables: both read by it",
    "experiments/check/attacking/honest.py": "check/attacking/test_attack.py: honest clients are judged",
    "experiments/run/watching/unseen.py": "run/elsewhere/test_elsewhere.py: a chip elsewhere is not watched",
    "emulator/remote/words/at_once.py": "remote/words/test_client.py",
    "emulator/remote/words/desk.py": "remote/words/test_client.py",
    "emulator/remote/words/ieee.py": "remote/words/test_client.py",
    "emulator/remote/words/instruments.py": "remote/words/test_client.py and tests/contracts/test_wire.py",
    "experiments/serve/page.py": "tests/contracts/test_wire.py: the manual says what the table has",
    "emulator/remote/words/system.py": "remote/words/test_client.py",
    "emulator/trace/draws.py": "trace/test_plans.py and reading/test_reader.py: power is levels and draws",
    "emulator/trace/reading/old_thoughts.py": "trace/reading/test_upgrade.py",
    "emulator/trace/reading/old_totals.py": "trace/reading/test_upgrade.py",
    "emulator/trace/reading/stored.py": "trace/reading/test_reader.py: every column is read",
    "emulator/trace/records.py": "trace/writing/test_recorder_tables.py: every table is written",
    "emulator/trace/writing/closing.py": "trace/test_full_disk.py and test_bench_closing.py: a footer is written",
    "emulator/trace/writing/names.py": "trace/writing/test_recorder_tables.py",
    "emulator/trace/writing/packing.py": "trace/writing/test_recorder.py",
    "emulator/trace/writing/survey.py": "trace/writing/test_recover.py: a killed run's queries are counted",
    "emulator/instruments/chip/fabrication.py": "a chip as it was made: instruments/chip/test_state.py",
    "emulator/instruments/chip/monitoring/lights.py": "monitoring/test_monitors.py: three passes are a gradient",
    "emulator/physics/chip/kernels/monitors.py": "physics/chip/test_monitors.py: light in both directions",
    "emulator/instruments/chip/sequencing/rows.py": "instruments/chip/test_sequencer.py: its rows are a host's",
    "emulator/instruments/chip/sequencing/visits.py": "instruments/chip/test_sequence.py and its refusals",
    "emulator/instruments/chip/timing.py": "a chip's spans are tested on the chip: instruments/chip/test_chip.py",
    "emulator/physics/chip/kernels/circuit.py": "the state that the kernels share: instruments/chip/test_state.py",
    "emulator/physics/chip/loss.py": "bit for bit the controllers': instruments/chip/test_sequence.py",
    "controllers/data_sheet.py": "experiments/run/test_prepare.py: what the setting says of a chip",
    "controllers/digital_twin/options.py": "declares: what each option does is tested where it is used",
    "controllers/digital_twin/search.py": "digital_twin/test_twin_online.py and test_twin_fit.py",
    "emulator/physics/chip/kernels/adjoint.py": "physics/chip/test_adjoint.py: derivatives of whole networks",
    "emulator/physics/chip/kernels/products.py": "kernels/test_layers.py",
    "emulator/physics/chip/kernels/query.py": "the state of a chip: instruments/chip/test_state.py, test_probe.py",
    "emulator/physics/chip/kernels/rest.py": "kernels/test_layers.py: the rest of a layer is one matrix",
    "emulator/physics/chip/kernels/sequence.py": "instruments/chip/test_sequence.py",
    "experiments/benchmarks/chip/second_agent.py": "the same",
    "experiments/benchmarks/chip/queries.py": "what it prints depends on the machine: benchmarks/test_main.py",
    "experiments/benchmarks/light/lightonml_rival.py": "measures lightonml, where that is installed",
    "experiments/benchmarks/memory.py": "what it measures is the machine's",
    "experiments/benchmarks/sweep.py": "what it measures is the machine's; sweeps: experiments/sweep",
    "experiments/calibrate/tables/paces.py": "tables/test_fitting.py: numbers of a card and a unit are found",
    "experiments/calibrate/tables/fragment.py": "tables/test_fitting.py: what is written can be read",
    "experiments/calibrate/tables/view.py": "tables/test_fitting.py: a fit is shown",
    "experiments/calibrate/fit.py": "a fit is judged by what it finds: calibrate/test_calibration.py",
    "experiments/figure/style.py": "colours and fonts",
    "experiments/output/publishing.py": "paper/*/test_*.py: tables and figures are written",
    "experiments/output/source.py": "sweep/test_engine.py: compiled kernels are kept by source",
    "experiments/models/model.py": "models/test_mlp.py",
    "experiments/paper/plots.py": "how figures of a paper look",
    "controllers/guard/heaters.py": "controllers/guard/test_guard.py: silent heaters are found",
    "controllers/guard/outputs.py": "controllers/guard/test_guard.py: broken outputs are found",
    "experiments/agents/faults/detectors.py": "agents/faults/test_fault.py: every fault at its times",
    "experiments/agents/faults/frames.py": "agents/faults/test_fault.py: every fault at its times",
    "experiments/agents/faults/heaters.py": "agents/faults/test_fault.py: every fault at its times",
    "experiments/agents/faults/laser.py": "agents/faults/test_fault.py: every fault at its times",
    "experiments/agents/faults/links.py": "agents/faults/test_fault.py: every fault at its times",
    "experiments/agents/faults/media.py": "agents/faults/test_fault.py: every fault at its times",
    "experiments/replay/score.py": "replay/test_modes.py: projections and phases are re-issued",
    "experiments/report/page.py": "report/test_report.py and test_page_in_browser.py see the whole page",
    "experiments/report/plot.py": "report/test_page_in_browser.py",
    "experiments/tasks/judges.py": "run/test_watch.py",
}
"""Modules without a test of their own, and where they are tested."""

ROOMS_TESTED_WHOLE = {
    "experiments/paper/machines": "points, tables and figures: experiments/paper/test_tables_and_figures.py",
    "experiments/paper/szo_scd": "points, tables and figures: experiments/paper/test_tables_and_figures.py",
    "experiments/report/panels": "parts of one page: report/test_report.py",
}
"""Rooms whose modules a test next door covers together."""


def modules() -> list[str]:
    return [file.name for file in sources(*PACKAGES) if Path(file.name).name != "__init__.py"]


def mirrored(module: str) -> bool:
    place = Path("tests") / module
    return (ROOT / place.with_name(f"test_{place.name}")).exists()


def imported_modules(file: Source) -> set[str]:
    """Return the dotted names that ``file`` imports, with the modules from which they come."""
    names = {name for node in file.nodes for name in imported(node)}
    return names | {name.rpartition(".")[0] for name in names}


def rooms_of_tests() -> Iterator[tuple[str, set[str]]]:
    """Yield the room of every test file (``emulator/trace``) and what it imports."""
    for file in sources("tests"):
        yield Path(file.name).parent.relative_to("tests").as_posix(), imported_modules(file)


def lonely_modules() -> list[str]:
    """Return the modules that have neither a mirror nor a test in their room that imports them."""
    rooms = list(rooms_of_tests())
    lonely = []
    for module in modules():
        room, name = Path(module).parent.as_posix(), module.removesuffix(".py").replace("/", ".")
        beside = (names for place, names in rooms if place == room or place.startswith(f"{room}/"))
        if not mirrored(module) and not any(name in names for names in beside):
            lonely.append(module)
    return lonely


def test_every_module_has_a_test_in_its_place() -> None:
    excused = TESTED_BY_CALLERS.keys() | {
        module
        for module in modules()
        if Path(module).parent.as_posix() in ROOMS_TESTED_WHOLE or Path(module).name in TESTED_AS_A_KIND
    }
    assert [module for module in lonely_modules() if module not in excused] == []


@pytest.mark.parametrize("place", [*TESTED_BY_CALLERS, *ROOMS_TESTED_WHOLE])
def test_no_excuse_outlives_its_module(place: str) -> None:
    assert (ROOT / place).exists()


def test_a_module_that_gets_its_test_needs_its_excuse_no_more() -> None:
    assert [module for module in TESTED_BY_CALLERS if mirrored(module)] == []
