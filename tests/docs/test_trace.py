"""The guide to the trace: its table of metrics has a row for whatever shipped runs log, and no other."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from controllers.kind import DEPLOYMENT
from controllers.registry import CONTROLLERS
from emulator.errors import TraceError
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import MetricSeries, Trace
from experiments.cli import COMMANDS
from experiments.figure.kinds import draw_figure
from experiments.output.measures import MEASURES
from experiments.run.launch import open_study
from experiments.run.run import run_study
from experiments.run.study import Study
from tests.weights import share_weights

PAGE: Final = (Path(__file__).resolve().parents[2] / "docs" / "trace.md").read_text(encoding="utf-8")

STUDIES: Final[Mapping[str, tuple[str, ...]]] = {
    "szo_scd": ("vowel_recovery", "controller.loop=sequencer"),
    "flops": ("vowel_recovery", "controller.samples=4"),
    "twin_online": ("vowel_recovery", "controller.poke=together"),
    "odfa": (
        "mnist_light",
        "task.name=vowel",
        "task.hidden=[8]",
        "controller.epochs=1",
        "controller.align_every=2",
    ),
    "step_graph": ("figure4", "workload.depth=2", "workload.width=8"),
}
"""Of a kind of controller its study, and the options by which it logs all that it can; the others tune vowels."""

SHOWN: Final = {
    "text": (
        "dialogue_odfa",
        ("task.hidden=[8, 8]", "task.context=16", "controller.steps=2", "controller.report_steps=1"),
    ),
    "climate": ("climate_na_odfa", ("task.hidden=[4]", "controller.epochs=1", "controller.batch_size=411")),
    "diffusion": (
        "mnist16_diffusion_odfa",
        ("task.hidden=[4, 4]", "task.classes=[0, 1]", "controller.steps=1", "controller.batch_size=8"),
    ),
}
"""Studies whose tasks show more of a network when its training has ended."""

DRAWN: Final = {"szo_scd": "recovery", "odfa": "learning"}


def small_study(kind: str) -> Study:
    """Return a small study of ``kind``."""
    name, *changes = STUDIES.get(kind, ("vowel_recovery",))
    if DEPLOYMENT in CONTROLLERS[kind].needs:
        changes = [f"controller.kind={kind}", "controller.queries=40", "task.seed=0", *changes]
    return open_study(name, tuple(changes))


class Row(NamedTuple):
    """Hold what the page says of a metric."""

    name: str
    unit: str
    meaning: str
    logged: str
    used: str
    refused: str


def rows() -> list[Row]:
    """Return the rows of the table, without the marks of code around the names."""
    [table] = re.findall(r"^## Metrics$.*?^\|---.*?\n(.*?)\n\n", PAGE, re.MULTILINE | re.DOTALL)
    return [Row(*(cell.strip() for cell in line.strip("|").split("|"))) for line in table.splitlines()]


def written(name: str) -> str:
    """Return how the page writes the metric ``name``."""
    judges = "|".join(one.name for one in MEASURES)
    name = re.sub(r"^(alignment_(?:output_)?)\d+$", r"\1LAYER", name)
    return "`" + re.sub(rf"^((?:selected_|ideal_)?(?:test|val))_(?:{judges})$", r"\1_JUDGE", name) + "`"


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = share_weights(tmp_path_factory.mktemp("logged"), tmp_path_factory)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for kind in CONTROLLERS:
            run_study(small_study(kind), folder / f"{kind}.h5")
        for name, (study, changes) in SHOWN.items():
            run_study(open_study(study, changes), folder / f"{name}.h5")
    return {kind: folder / f"{kind}.h5" for kind in (*CONTROLLERS, *SHOWN)}


def logged(path: Path) -> set[str]:
    with open_trace(path) as trace:
        return set(trace.labels("metrics.name"))


@pytest.mark.parametrize("kind", CONTROLLERS)
def test_every_controller_has_a_small_study(kind: str) -> None:
    assert small_study(kind).controller.kind == kind


def test_what_is_logged_has_a_row_and_every_row_is_logged(traces: dict[str, Path]) -> None:
    found = {written(name) for path in traces.values() for name in logged(path)}
    served = "`serve --pace realtime`"  # emulator/remote/server/test_service.py counts these
    assert sorted(found) == sorted(row.name for row in rows() if not row.logged.startswith(served))


def test_every_judge_is_named_and_every_command_exists() -> None:
    [text] = re.findall(r"^## Metrics$(.*?)^\| name", PAGE, re.MULTILINE | re.DOTALL)
    assert [one.name for one in MEASURES if f"`{one.name}`" not in text] == []
    named = {
        word.split()[0]
        for row in rows()
        for word in re.findall(r"`([a-z][a-z ./=-]*)`", f"{row.used} {row.refused}")
    }
    assert named - {command.name for command in COMMANDS} <= {"test_accuracy", "summary"}
    assert [row.name for row in rows() if not (row.unit and row.meaning and row.logged and row.used)] == []


@pytest.mark.parametrize("study", DRAWN)
def test_a_figure_refuses_what_lacks_a_metric_that_it_needs_and_nothing_else(
    study: str, traces: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, metrics = DRAWN[study], Trace.metrics
    needed = {row.name for row in rows() if f"figure --kind {kind}`" in row.refused}
    gone: set[str] = set()

    def without(trace: Trace) -> dict[str, MetricSeries]:
        return {name: one for name, one in metrics(trace).items() if name not in gone}

    monkeypatch.setattr(Trace, "metrics", without)
    for name in logged(traces[study]):
        if written(name) in needed:
            gone = {name}
            with pytest.raises(TraceError, match=name):
                draw_figure(traces[study], tmp_path / "x.png", kind)
    gone = {name for name in logged(traces[study]) if written(name) not in needed}
    draw_figure(traces[study], tmp_path / "x.png", kind)
