"""``lightloop check keys``: every key that a study accepts acts on the run, or is refused there.

A tiny study of each controller is run, then once more with one key changed to another allowed value, for every
key there is. A key acts when rows, times, energies or what is measured change. What need not act is in a
table, with the reason; some keys act only together with others, which stand in a table, too.
"""

import hashlib
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import numpy as np
from pydantic import BaseModel

from controllers.kind import DEPLOYMENT, WORKLOAD
from controllers.registry import CONTROLLERS
from emulator.bench import Bench
from emulator.config.models import PresetModel, preset_names
from emulator.errors import LightloopError, TaskError
from emulator.streams import stream
from experiments.check.key_table import CONTEXTS, EXCEPTIONS, SETTINGS, STEP, VALUES
from experiments.output.tables import Column, Table, to_markdown
from experiments.run.changes import overrides
from experiments.run.run import Started, run_study
from experiments.run.study import Study, study_from_overrides
from experiments.sweep.trial import Size, Trial

__all__ = [
    "ACTS",
    "DEAD",
    "EXCUSED",
    "KEYS",
    "REFUSED",
    "Verdict",
    "bases",
    "keys_of_study",
    "verdict_of",
    "walk",
    "walked",
]

ACTS, REFUSED, EXCUSED, DEAD = "acts", "refused", "excused", "dead"
_SAMPLES: Final = 40
_EVERY: Final = 10
_QUERIES: Final = 60
_AGENTS: Final = "agents"

Changes = Mapping[str, object]


@dataclass(frozen=True)
class Verdict:
    """Say what became of one key of one controller's studies; ``tried`` is the value that decided."""

    controller: str
    key: str
    verdict: str
    tried: str


@dataclass
class _Looker:
    """Look at a run every few queries, and put what is seen into a digest."""

    every_queries: int = _EVERY
    started: Started | None = None
    seen: Any = field(default_factory=lambda: hashlib.blake2b(digest_size=16))

    def begin(self, started: Started) -> None:
        self.started = started

    def observe(self, bench: Bench) -> Mapping[str, float]:
        measured = {} if self.started is None else self.started.watch.observe(bench)
        self.seen.update(repr((bench.now_ps, bench.queries, bench.energy_j, measured)).encode())
        return {}


def bases(folder: Path, queries: int = _QUERIES) -> dict[str, dict[str, object]]:
    """Return a tiny study of each controller, as changes to the empty one; its files go into ``folder``.

    The first kind that needs certain sections stands for all that need the same: only its walk visits them.
    """
    rng = stream(0, "check/keys")
    x = rng.random((_SAMPLES, 3))
    kinds = np.arange(_SAMPLES) % 2
    weights = {"W1": rng.normal(size=(4, 3)), "W2": rng.normal(size=(2, 4))}
    np.savez(folder / "mine.npz", x=x, y=kinds, z=1 - kinds, u=x[:, ::-1].copy())
    np.savez(folder / "more.npz", x=x**2, y=kinds)
    np.savez(folder / "test.npz", x=x[:12], y=kinds[:12])
    np.savez(folder / "weights.npz", W1=weights["W1"], W2=weights["W2"])
    np.savez(folder / "others.npz", W1=rng.normal(size=(4, 3)), W2=weights["W2"])
    task: dict[str, object] = {"task.file": str(folder / "mine.npz"), "budget.queries": queries}
    chip = {
        **task,
        "task.weights": str(folder / "weights.npz"),
        "deployment.alpha": 0.8,
        "controller.queries": queries,
    }
    networks = {DEPLOYMENT: chip, WORKLOAD: STEP, "opu": {**task, "task.hidden": [6, 6]}}
    return {
        name: {
            **next(base for needed, base in networks.items() if needed in kind.needs),
            "controller.kind": name,
            **({"controller.batch_size": 8} if "batch_size" in kind.options.model_fields else {}),
            **{f"controller.{key}": value for key, value in SETTINGS.get(name, {}).items()},
        }
        for name, kind in CONTROLLERS.items()
    }  # fmt: skip


def walked(controller: str, key: str) -> bool:
    """Return whether the walk of ``controller`` visits ``key``: its own options, and what none visited before."""
    kinds = [each.name for each in CONTROLLERS.values() if each.needs == CONTROLLERS[controller].needs]
    return kinds[0] == controller or key.startswith("controller.")


def keys_of_study(study: Study) -> Iterator[tuple[str, object, Any]]:
    """Yield every key of ``study``, its value and its declared type."""
    yield from _leaves(study, "")


def _leaves(model: BaseModel, prefix: str) -> Iterator[tuple[str, object, Any]]:
    for name, declared in type(model).model_fields.items():
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _leaves(value, f"{prefix}{name}.")
        elif name == "preset" and isinstance(model, PresetModel):
            yield f"{prefix}{name}", value, Literal[preset_names(model.preset_kind)]
        else:
            yield f"{prefix}{name}", value, declared.annotation


def _others(key: str, value: object, kind: Any, folder: Path) -> list[object]:
    """Return values other than ``value`` that ``key`` may have, the likeliest first."""
    if key in VALUES:
        return [_placed(each, folder) for each in VALUES[key]]
    found: list[object] = []
    for part in _parts(kind):
        if get_origin(part) is Literal:
            found += [other for other in get_args(part) if other != value]
        elif part is bool:
            found.append(not value)
        elif part is int and not isinstance(value, bool):
            old = value if isinstance(value, int) else 0
            found += [old * 2, old + 1, old - 1, 2, 1]
        elif part is float:
            was = value if isinstance(value, int | float) else 0.0
            found += [was * 2, was / 2, 0.5, 0.01, 1e-6, 2.0, 1.0]
    return [each for each in found if each != value]


def _placed(value: object, folder: Path) -> object:
    return str(folder / value[1:]) if isinstance(value, str) and value.startswith("@") else value


def _parts(kind: Any) -> Iterator[Any]:
    origin = get_origin(kind)
    if origin is Annotated:
        yield from _parts(get_args(kind)[0])
    elif origin in {Union, UnionType}:
        for part in get_args(kind):
            yield from _parts(part)
    else:
        yield kind


def fingerprint(changes: Changes) -> str:
    """Return a digest of what a study of ``changes`` does: its measures, times and energies; raises its errors."""
    study = study_from_overrides(_said(changes))
    looker = _Looker()
    result = run_study(study, None, [looker], looker.begin)
    looker.seen.update(repr((result.status, result.elapsed_s, result.queries, sorted(
        result.energy_by_component_j.items()), sorted(result.busy_by_span_s.items()))).encode())  # fmt: skip
    return str(looker.seen.hexdigest())


def _said(changes: Changes) -> tuple[str, ...]:
    """Return ``changes`` as the command line would have them; agents, which are tables, as TOML's inline ones."""
    agents = changes.get(_AGENTS)
    plain = overrides({key: value for key, value in changes.items() if key != _AGENTS})
    if not isinstance(agents, list):
        return plain
    tables = ("{" + ", ".join(overrides(agent)) + "}" for agent in agents)
    return (*plain, f"{_AGENTS}=[{', '.join(tables)}]")


def verdict_of(
    controller: str, key: str, value: object, kind: Any, base: Changes, folder: Path, known: dict[str, str]
) -> Verdict:
    """Return what becomes of ``key``; ``known`` keeps the digests of bases between calls."""
    if key in EXCEPTIONS or f"{controller}:{key}" in EXCEPTIONS:
        return Verdict(controller, key, EXCUSED, EXCEPTIONS.get(key) or EXCEPTIONS[f"{controller}:{key}"])
    context = {**base, **CONTEXTS.get(f"{controller}:{key}", CONTEXTS.get(key, {}))}
    context = {name: _placed(at, folder) for name, at in context.items() if at is not None}
    named = repr(sorted(context.items()))
    if named not in known:
        known[named] = fingerprint(context)
    refused, same = "", ""
    for other in _others(key, context.get(key, value), kind, folder):
        try:
            if fingerprint({**context, key: other}) != known[named]:
                return Verdict(controller, key, ACTS, repr(other))
            same = same or repr(other)
        except LightloopError as error:
            refused = refused or f"{other!r}: {error}"
    return Verdict(controller, key, DEAD if same or not refused else REFUSED, (same or refused)[:200])


def walk(only: frozenset[str] | None = None, queries: int = _QUERIES) -> list[Verdict]:
    """Return the verdict on every key of every controller's studies, or on those in ``only``."""
    found: list[Verdict] = []
    with tempfile.TemporaryDirectory() as name:
        folder, known = Path(name), dict[str, str]()
        for controller, base in bases(folder, queries).items():
            study = study_from_overrides(overrides(base))
            for key, value, kind in keys_of_study(study):
                if walked(controller, key) and (only is None or key in only):
                    found.append(verdict_of(controller, key, value, kind, base, folder, known))
    return found


def _run(out: Path, seeds: int, size: int, jobs: int) -> None:
    """Walk over all keys, print what became of them, and raise ``TaskError`` when one is dead."""
    del seeds, jobs, out
    verdicts = walk(queries=size)
    counts = {word: sum(each.verdict == word for each in verdicts) for word in (ACTS, REFUSED, EXCUSED, DEAD)}
    columns = (
        Column("controller", words=True),
        Column("key", words=True),
        Column("verdict", words=True),
        Column("by"),
    )
    shown = [each for each in verdicts if each.verdict != ACTS]
    rows = tuple((each.controller, each.key, each.verdict, each.tried) for each in shown)
    told = ", ".join(f"{count} {word}" for word, count in counts.items())
    sys.stdout.write(
        f"{to_markdown(Table('Keys that do not act', columns, rows))}\n{len(verdicts)} keys: {told}\n"
    )
    if counts[DEAD]:
        raise TaskError(f"check keys: {counts[DEAD]} keys are accepted and do nothing")


KEYS: Final = Trial(
    "keys",
    "every key of a study acts, is refused, or is excused with a reason",
    Size("queries", "queries of a chip's run", _QUERIES),
    _run,
)
