"""What one seed of ``lightloop check --seeds`` does: a random bench or study, run twice, and all that must hold."""

import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from emulator.errors import LightloopError
from emulator.instruments.registry import INSTRUMENTS
from emulator.retiming.lab import Laboratory
from emulator.streams import stream
from emulator.trace.open import open_trace
from emulator.trace.schema import Detail
from emulator.trace.writing.journal import journal_path
from experiments.check.endurance.books import books
from experiments.check.endurance.expected import expected
from experiments.check.endurance.optics import light
from experiments.check.endurance.outing import DETAILS, draw, go
from experiments.check.endurance.replies import pair, replies
from experiments.check.endurance.rows import Rows, read_rows
from experiments.check.endurance.studies import REFUSALS, draw_study, run_drawn
from experiments.check.endurance.twice import retimed, same_commands, same_results, same_talk, same_views
from experiments.replay.rerun import first_difference
from experiments.run.laboratory import altered_laboratory, laboratory, study_of

__all__ = ["faults_of", "lap_of_benches", "lap_of_studies"]

_STUDY_CHANCE: Final = 0.25
_DEEP_CHANCE: Final = 0.2
"""Share of the seeds whose traces are converted, read by every view, and re-timed: it takes most of the time."""

_FIRST, _AGAIN = "first.h5", "again.h5"


def faults_of(seed: int, folder: Path) -> list[str]:
    """Return in words what does not hold of ``seed``, recorded in ``folder``; nothing where all does."""
    rng = stream(seed, "check/seeds/lap")
    lap = lap_of_studies if rng.random() < _STUDY_CHANCE else lap_of_benches
    deep, detail = bool(rng.random() < _DEEP_CHANCE), DETAILS[int(rng.integers(len(DETAILS)))]
    for name in (_FIRST, _AGAIN):
        for path in (folder / name, journal_path(folder / name)):
            path.unlink(missing_ok=True)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            found = list(lap(seed, folder, detail, deep))
        except Exception as error:  # noqa: BLE001  (whatever a run raises, its seed has failed)
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            found = [f"raised {type(error).__name__} at {where}: {error}"]
    return found + [
        f"warned at {Path(each.filename).name}:{each.lineno}: {each.message}"
        for each in warned
        if issubclass(each.category, RuntimeWarning)
    ]


def lap_of_benches(seed: int, folder: Path, detail: Detail, deep: bool) -> Iterator[str]:
    """Yield what does not hold of the random bench ``seed``, recorded in full and once more at ``detail``."""
    scenario = draw(seed)
    first = go(scenario, folder / _FIRST, "full", deep)
    rows = read_rows(folder / _FIRST)
    under_way = any(note.replies == 0 for note in first.heard)
    yield from books(rows, first.result, scenario.budget, under_way)
    known, unpaired = pair(rows, first.heard)
    yield from unpaired
    yield from replies(rows, first.heard, first.result.status == "complete", known)
    yield from light(first, rows, known)
    yield from expected(scenario.plant.lab, seed, rows)
    again = go(scenario, folder / _AGAIN, detail, deep)
    yield from same_results(first.result, again.result)
    yield from same_talk(first.heard, again.heard)
    if detail == "full" and first.journal != again.journal:
        yield "rerun: the journals differ"
    if detail == "commands":
        yield from same_commands(rows, read_rows(folder / _AGAIN))
    if deep:
        yield from same_views(folder / _FIRST, folder / _AGAIN)
        lab = Laboratory(seed, scenario.budget, scenario.plant.lab)
        yield from _as_recorded(folder / _FIRST, lambda: lab, under_way, _untold(rows))


def lap_of_studies(seed: int, folder: Path, detail: Detail, deep: bool) -> Iterator[str]:
    """Yield what does not hold of the random study ``seed``; one that is refused must leave nothing."""
    out = folder / _FIRST
    try:
        first = run_drawn(draw_study(seed, folder, "full"), out, deep)
    except REFUSALS as error:
        if out.exists() or journal_path(out).exists():
            yield f"refused, and a file was written: {error}"
        return
    rows = read_rows(out)
    yield from books(rows, first.result, first.study.budget, True)
    again = run_drawn(draw_study(seed, folder, detail), folder / _AGAIN, deep)
    yield from same_results(first.result, again.result)
    if detail == "commands":
        yield from same_commands(rows, read_rows(folder / _AGAIN))
    if deep:
        yield from same_views(out, folder / _AGAIN)
        yield from _rerun(folder, detail, _untold(rows))


def _untold(rows: Rows) -> bool:
    """Tell whether a hidden state was changed whose course no re-timing knows."""
    asked = zip(*(rows.named("commands", name, name) for name in ("instrument", "kind")), strict=True)
    kinds = ((INSTRUMENTS[name], kind) for name, kind in asked)
    return any(each.disturbances.get(kind) in each.retiming.untold for each, kind in kinds)


def _rerun(folder: Path, detail: Detail, untold: bool) -> Iterator[str]:
    """Compare two traces of one study as ``replay --mode rerun`` does, and re-time the first without a change."""
    with open_trace(folder / _FIRST) as one, open_trace(folder / _AGAIN) as other:
        if detail == "full" and (found := first_difference(one, other)) is not None:
            yield f"rerun: {found}"
        study = study_of(one)
        before = laboratory(study, one)
    yield from _as_recorded(folder / _FIRST, lambda: altered_laboratory(before, study, study), True, untold)


def _as_recorded(path: Path, lab: Callable[[], Laboratory], under_way: bool, untold: bool) -> Iterator[str]:
    """Re-time ``path`` without a change; a run whose hidden times are ``untold`` must be refused instead."""
    try:
        found = list(retimed(path, lab(), under_way))
    except LightloopError as error:
        found = [] if untold else [f"what-if of no change: refused: {error}"]
    else:
        found += ["what-if of no change: hidden times were changed, and it is not refused"] if untold else []
    yield from found
