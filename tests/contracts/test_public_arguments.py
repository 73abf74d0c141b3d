"""Arguments of a wrong kind: every command and function of the public face refuses them with an error of ours.

A public name is in the table, or stands below with the reason why it takes nothing that could be wrong.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest

import lightloop as ll
from emulator.instruments.gpu.config import GpuConfig
from tests.builders import random_batch, random_design

WRONG: dict[str, Any] = {
    "none": None, "text": "te\0xt", "list": [object()], "fraction": 1.5, "nan": float("nan"), "thing": object(),
    "negative": -1, "cube": np.zeros((2, 3, 4)), "mapping": {3: 4},
}  # fmt: skip

DESIGN = random_design((6, 5, 3), 0)
BATCH = random_batch(12, 6)
CHIP, UNIT = ll.chip(None, {"monitors.fitted": True}), ll.opu("light_in_the_loop")
ONE, TENTH = np.array([[1]]), np.array([[0.1]])


def asked(command: Any) -> None:
    ll.Bench({"chip": ll.Stand(CHIP, DESIGN)}, 0).ask(command)


def yielded(command: Any) -> None:
    def agent() -> Any:
        yield command

    ll.Bench({"host": ll.Stand(ll.host())}, 0).run({"mine": agent()})


def named(command: Any) -> None:
    def agent() -> Any:
        yield command

    ll.Bench({"chip": ll.Stand(CHIP, DESIGN)}, 0).run({"mine": agent()})


def projected(command: Any) -> None:
    ll.Bench({"opu": ll.Stand(UNIT, ll.OpuDesign(8, 5, "ternary"))}, 0).ask(command)


def kernel(command: Any) -> None:
    ll.Bench({"gpu": ll.Stand(GpuConfig())}, 0).ask(command)


class Row(NamedTuple):
    """Hold how something is called, with arguments that do, and which wrong ones do as well."""

    call: Callable[..., Any]
    good: dict[str, Any]
    takes: Mapping[str, str] = MappingProxyType({})


DESCENT = {
    "rule": "step_back",
    "back": np.zeros(1),
    "home": np.zeros(1),
    "keep_home": np.zeros(1, dtype=bool),
}
TABLE: dict[str, Row] = {
    "SetPhases": Row(lambda **k: asked(ll.SetPhases(**k)), {"heaters": [1], "radians": [0.1]}),
    "Settle": Row(lambda **k: asked(ll.Settle(**k)), {"duration_ps": 5}, {"duration_ps": "none"}),
    "Forward": Row(lambda **k: asked(ll.Forward(**k)), {"batch": BATCH}),
    "Probe": Row(lambda **k: asked(ll.Probe(**k)), {"heaters": [1], "radians": [0.1], "batch": BATCH}),
    "Monitor": Row(
        lambda **k: asked(ll.Monitor(**k)), {"light": "forward", "batch": BATCH, "errors": None}, {"errors": "none"}
    ),
    "Batch": Row(lambda **k: asked(ll.Forward(ll.Batch(0, labels=BATCH.labels, **k))), {"inputs": BATCH.inputs}),
    "Sequence": Row(
        lambda **k: asked(ll.Sequence(**k)),
        {"heaters": ONE, "radians": TENTH, "batch": BATCH, "decide": None}, {"decide": "none"},
    ),
    "Descent": Row(lambda **k: asked(ll.Sequence(ONE, TENTH, BATCH, ll.Descent(queries=3, **k))), DESCENT),
    "Incumbent": Row(
        lambda **k: named(ll.Incumbent(**k)), {"radians": [0.1], "heaters": [1]}, {"heaters": "none"}
    ),
    "Project": Row(
        lambda **k: projected(ll.Project(**k)), {"vectors": np.ones((2, 8), dtype=np.float32)}
    ),
    "ProjectFrames": Row(lambda **k: projected(ll.ProjectFrames(**k)), {"vectors": 2, "dark": 0}),
    "Kernel": Row(lambda **k: kernel(ll.Kernel("forward", **k)), {"flops": 3, "bytes": 3, "launches": 1}),
    "Compute": Row(lambda **k: asked(ll.Compute(**k)), {"flops": 3, "bytes": 3}),
    "Wait": Row(lambda **k: yielded(ll.Wait(**k)), {"until_ps": 3}, {"until_ps": "negative"}),
    "Log": Row(lambda **k: yielded(ll.Log(value=1.0, **k)), {"name": "x"}),
    "Start": Row(lambda **k: yielded(ll.Start(**k)), {}, {}),
    "Join": Row(lambda **k: yielded(ll.Join(**k)), {"ticket": None}),
    "Ticket": Row(lambda **k: yielded(ll.Join(ll.Ticket(**k))), {"number": None}),
    "Disturb": Row(lambda **k: yielded(ll.Disturb(value=1.0, **k)), {"target": None}),
    "Bench": Row(
        ll.Bench, {"lab": {}, "seed": 0, "budget": None, "clock": None}, {"budget": "none", "clock": "none"}
    ),
    "Stand": Row(lambda **k: ll.Bench({"chip": ll.Stand(design=DESIGN, **k)}, 0), {"config": CHIP}),
    "OpuDesign": Row(lambda **k: ll.OpuSession(UNIT, ll.OpuDesign(**k)), {"features": 3, "outputs": 4}),
    "OpuSession": Row(
        ll.OpuSession, {"config": UNIT, "design": ll.OpuDesign(3, 4), "seed": 0, "host": None}, {"host": "none"}
    ),
    "OpuProjection": Row(
        ll.OpuProjection,
        {"in_features": 3, "out_features": 4, "encoding": "ternary", "rescale": None, "seed": 0, "host": None},
        {"rescale": "none", "host": "none"},
    ),
    "OPU": Row(
        ll.OPU,
        {"n_components": 3, "max_n_features": 4, "simulated": True, "rescale": None, "config": "opu_gen2",
         "recovery": "off_axis", "seed": 0, "host": None},
        {"rescale": "none", "host": "none"},
    ),
    "OpuFeatures": Row(
        lambda **k: ll.OpuFeatures(**k).fit(np.ones((3, 4))),
        {"n_components": 3, "kind": "linear", "encoding": "threshold", "threshold": 0.1, "precision": 3,
         "noise": True, "config": "opu_gen2", "random_state": 0},
        {"threshold": "fraction negative", "random_state": "none"},
    ),
    "BinaryThresholdEncoder": Row(
        ll.BinaryThresholdEncoder, {"threshold": 0.1, "greater_is_one": True},
        {"threshold": "none fraction negative"},
    ),
    "SeparatedBitPlanEncoder": Row(ll.SeparatedBitPlanEncoder, {"precision": 3}),
    "chip": Row(ll.chip, {"preset": None, "changes": None}, {"preset": "none", "changes": "none"}),
    "opu": Row(ll.opu, {"preset": None, "changes": None}, {"preset": "none", "changes": "none"}),
    "host": Row(ll.host, {"preset": None, "changes": None}, {"preset": "none", "changes": "none"}),
    "open_study": Row(
        ll.open_study, {"study": "vowel_recovery", "changes": None, "seed": 0}, {"changes": "none", "seed": "none"}
    ),
    "run": Row(lambda **k: ll.run(**{"study": "none such", **k}), {"study": None, "out": None}),
    "sweep": Row(
        lambda **k: ll.sweep(**{"study": "none such", "out": "no/where", **k}),
        {"study": None, "sweeps": {}, "out": None, "seeds": 1, "controller": ""},
        {"controller": "none"},
    ),
    "open_trace": Row(lambda **k: ll.open_trace(**{"path": Path("none.h5"), **k}), {"path": None, "verify": True}),
    "LiveTrace": Row(ll.LiveTrace, {"path": None}),
    "latency_by_span": Row(ll.latency_by_span, {"trace": None}),
    "energy_by_component": Row(ll.energy_by_component, {"trace": None}),
    "mini_batches": Row(
        ll.mini_batches,
        {"inputs": BATCH.inputs, "labels": BATCH.labels, "batch_size": 3, "rng": ll.stream(0, "x")},
    ),
    "cross_entropy": Row(ll.cross_entropy, {"outputs": np.zeros((3, 2)), "labels": np.zeros(3, dtype=np.int64)}),
    "stream": Row(ll.stream, {"seed": 0, "name": "x"}, {"name": "text"}),
}  # fmt: skip

SILENT = {
    "errors, made by us": "ClockError CommandError ConfigError DivergedError InstrumentError "
    "LightloopError PhysicsError TaskError TraceError WireError",
    "replies and results, made by us": "Computed FrameCounts Monitored PhasesSet Projection Reading Readings "
    "RunResult Settled Spent Swept Trace",
    "types, which are not called": "Changes Command Controller Lab Observer OwnController Reply Served",
    "no arguments": "Spending shipped_studies __version__",
    "judged when its arrays are used": "Design Keep Setting",
    "sections, each key of which is tested below": "ChipConfig HostConfig OpuConfig Study",
    "judged by a test of its own": "ask_tell main preset_names",
}
"""Public names without a row, by the reason."""

CASES = [
    (name, argument, wrong)
    for name, row in TABLE.items()
    for argument in row.good
    for wrong in WRONG
    if wrong not in row.takes.get(argument, "").split()
]


def test_a_public_name_has_a_row_or_a_reason() -> None:
    named = {*TABLE, *" ".join(SILENT.values()).split()}
    assert sorted(set(ll.__all__) - named) == []


def test_every_wrong_kind_is_refused_with_an_error_of_ours() -> None:
    failed = []
    for name, argument, wrong in CASES:
        row = TABLE[name]
        try:
            row.call(**{**row.good, argument: WRONG[wrong]})
        except ll.LightloopError:
            continue
        except Exception as error:  # noqa: BLE001  (which is raised is what is tested)
            failed.append(f"{name}({argument}={wrong}): {type(error).__name__}: {error}"[:150])
        else:
            failed.append(f"{name}({argument}={wrong}) was taken")
    assert not failed, "\n".join(failed)


SECTIONS = [name for name in ll.__all__ if hasattr(getattr(ll, name), "model_fields")]


@pytest.mark.parametrize("name", SECTIONS)
def test_every_key_of_a_section_called_by_hand_is_refused_in_the_words_of_a_study(name: str) -> None:
    section = getattr(ll, name)
    for key in (*section.model_fields, "no such key"):
        with pytest.raises(ll.ConfigError, match=rf"^{name}: .*{key}"):
            section(**{key: object()})


USABLE = [n for n, row in TABLE.items() if row.good and not any(v is None for v in row.good.values())]


@pytest.mark.parametrize("name", USABLE)
def test_what_the_table_calls_good_is_taken(name: str) -> None:
    if name not in {"run", "sweep"}:
        TABLE[name].call(**TABLE[name].good)
