"""One random bench with random agents, run and recorded; nothing is judged here."""

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from pydantic import create_model

from emulator.bench import Bench, RunResult
from emulator.bench_config import BudgetConfig
from emulator.commands import Controller
from emulator.config.models import StrictModel, to_toml
from emulator.instruments.registry import INSTRUMENTS
from emulator.streams import stream
from emulator.trace import AnyRecorder, Header, NullRecorder, Recorder
from emulator.trace.schema import Detail
from emulator.trace.writing.finalize import finalize_here
from emulator.trace.writing.journal import journal_path
from experiments.check.endurance.draws import Plant, budget_of, draw_plant
from experiments.check.endurance.talk import Ears, Heard, disturber, wanderer

__all__ = ["DETAILS", "Outing", "Scenario", "draw", "go"]

DETAILS: Final[tuple[Detail, ...]] = ("full", "commands", "summary")

_AGENTS: Final = 3
_FEWEST, _MOST = 3, 14
_CREATED: Final = "2000-01-01T00:00:00+00:00"
"""The wall clock of every simulated header, so that journals of one run are equal byte for byte."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Hold what was drawn of one run: its seed, what stands there, its limits, and how much each agent asks."""

    seed: int
    plant: Plant
    budget: BudgetConfig
    words: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Outing:
    """Hold what became of a run: its result, all that was heard, the bench, and its journal.

    Of a run that was not recorded the journal is empty.
    """

    scenario: Scenario
    result: RunResult
    heard: tuple[Heard, ...]
    bench: Bench
    journal: bytes


def draw(seed: int) -> Scenario:
    """Return the scenario of ``seed``."""
    rng = stream(seed, "check/seeds/scenario")
    plant = draw_plant(rng)
    budget = budget_of(rng)
    words = tuple(int(n) for n in rng.integers(_FEWEST, _MOST, size=int(rng.integers(1, 1 + _AGENTS))))
    return Scenario(seed, plant, budget, words)


def go(scenario: Scenario, out: Path | None, detail: Detail = "full", converts: bool = False) -> Outing:
    """Run ``scenario`` and record it at ``out``, if that is given; raises what the run raises.

    What is left is the journal; where it ``converts``, the trace lies there, too.
    """
    seed, plant = scenario.seed, scenario.plant
    bench = Bench(plant.lab, seed, scenario.budget)
    ears = Ears(lambda: bench.now_ps)
    agents: dict[str, Controller] = {
        f"agent{number}": ears.listened(
            f"agent{number}", wanderer(plant, stream(seed, f"check/seeds/agent{number}"), number, words)
        )
        for number, words in enumerate(scenario.words)
    }
    world = disturber(bench, plant, stream(seed, "check/seeds/world"))
    if world is not None:
        agents["world"] = ears.listened("world", world)
    kept: list[bytes] = []
    recorder: AnyRecorder = NullRecorder()
    if out is not None:
        recorder = _recorder(scenario, out, detail, converts, kept)
    result = bench.run(agents, recorder=recorder)
    return Outing(scenario, result, tuple(ears.heard), bench, b"".join(kept))


def _recorder(scenario: Scenario, out: Path, detail: Detail, converts: bool, kept: list[bytes]) -> Recorder:
    for path in (out, journal_path(out)):
        with suppress(FileNotFoundError):
            path.unlink()
    text = config_text(scenario)
    recorder = Recorder.create(out, replace(Header.now(text, scenario.seed), created=_CREATED), detail)

    def convert(journal: Path, out: Path, descriptor: int) -> None:
        kept.append(journal.read_bytes())
        if converts:
            finalize_here(journal, out, descriptor)
            journal.write_bytes(kept[0])

    recorder.convert = convert
    return recorder


def config_text(scenario: Scenario) -> str:
    """Return the sections of what stands on the bench, as a study would have them."""
    fields: dict[str, Any] = {
        name: (INSTRUMENTS[name].config, stand.config) for name, stand in scenario.plant.lab.items()
    }
    model = create_model("Simulated", __base__=StrictModel, **fields, budget=(BudgetConfig, scenario.budget))
    return to_toml(model())
