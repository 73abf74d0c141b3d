"""How fast the optical processing unit is for batches of 1 to 3,000: its ledger, and what a late host does.

Four questions: where the time of a call goes, on three units at rated outputs; what a whole training step adds;
what becomes of frames that the host cannot keep up with; and whether the frame clock's rate is reached at all.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from controllers.feedback_alignment.work import Work, centring_work
from emulator.config.models import build
from emulator.instruments.host.config import HostConfig
from emulator.instruments.host.host import host_plan
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import OpuDesign, frame_budget
from experiments.models.mlp_work import step_work
from experiments.output.publishing import folder_of, source_note
from experiments.output.source import source_digest
from experiments.output.tables import Cell, Column, Table
from experiments.paper.findings import Findings
from experiments.paper.light_in_the_loop.latency_ledger import STAGES, Ledger, ledger_of_call
from experiments.paper.plots import COLOURS, figure
from experiments.presets.opu_rating import opu_preset
from experiments.sweep.trial import Quick, Size, Trial

__all__ = ["BATCHES", "LATENCY", "NETWORK", "host_of", "late_hosts", "run_latency", "training_ledger"]

BATCHES: Final = (1, 3, 10, 30, 100, 300, 1000, 3000)
"""Vectors of a call."""

NETWORK: Final = (784, 1024, 1024, 10)
"""Sizes of the network whose training step is timed (light-in-the-loop, section III)."""

_UNITS: Final = ("light_in_the_loop", "opu_gen2", "opu_gen3")
_REQUIRED: Final = 0.89
_LATE_VECTORS: Final = 3000
_FEATURES: Final = 10_000
"""Of a vector, as in the published run of which 89 % is known; what is longer takes longer to be formatted."""

_LATE_BUFFER: Final = 300


@dataclass(frozen=True)
class LateHost:
    """A host that grabs frames at ``flops_per_s``, with a deadline for each, and what became of them."""

    flops_per_s: float
    deadline_s: float | None
    grab_s: float
    beat_s: float
    needed: int
    """Frames that the vectors take when none is lost."""
    ledger: Ledger


def host_of(name: str) -> HostConfig:
    """Return the preset ``name`` of ``presets/host``."""
    return build(HostConfig, {"preset": name}, f"preset host/{name}")


def training_ledger(
    config: OpuConfig, host: HostConfig, batch: int, sizes: tuple[int, ...] = NETWORK
) -> Ledger:
    """Return the ledger of one training step that waits for its projection, with the host's own work in it.

    The output layer's gradient is computed while the frames are under way, and counts where it takes longer.
    """
    design = OpuDesign(sizes[-1], sum(sizes[1:-1]))
    alone = ledger_of_call(config, host, design, batch)
    work = step_work(sizes, batch)
    forward = work.forward + work.error
    update = work.local_gradient + work.update + centring_work(design.outputs, batch)
    meanwhile_ps = _compute_ps(host, work.output_gradient)
    beyond_ps = max(0, meanwhile_ps - alone.elapsed_ps)
    host_ps = _compute_ps(host, forward) + _compute_ps(host, update) + beyond_ps
    return ledger_of_call(config, host, design, batch, host_ps)


def _compute_ps(host: HostConfig, work: Work) -> int:
    plan = host_plan(host, host, "compute", {"flops": work.flops, "bytes": work.bytes})
    return plan.reply_ps


def late_hosts(vectors: int = _LATE_VECTORS) -> list[LateHost]:
    """Return what hosts from fast to slow do to the frames of one call of ``vectors``, 1e5 outputs each.

    The host's buffer holds 300 frames; the slow ones are slower than the frame clock.
    """
    found = []
    for flops_per_s in (1e11, 3e10, 2e10, 1e10):
        for deadline_s in (None, 0.05):
            host = host_of("workstation").model_copy(
                update={"flops_per_s": flops_per_s, "bytes_per_s": flops_per_s / 10}
            )
            unit = opu_preset("light_in_the_loop")
            pcie = unit.pcie.model_copy(update={"deadline_s": deadline_s, "buffer_frames": _LATE_BUFFER})
            config = unit.model_copy(update={"pcie": pcie})
            design = OpuDesign(unit.rated_inputs, unit.rated_outputs)
            budget = frame_budget(config, host, design)
            ledger = ledger_of_call(config, host, design, vectors)
            found.append(LateHost(flops_per_s, deadline_s, budget.grab_s, budget.beat_s, 2 * vectors, ledger))
    return found


def run_latency(out: Path, seeds: int, vectors: int, jobs: int) -> Findings:
    """Return ledgers of all units; nothing here is random, and all of it takes a second.

    ``vectors`` are those of the late hosts' call.
    """
    del seeds, jobs
    folder = folder_of("latency", out)
    units = [(name, _ledgers(name)) for name in _UNITS]
    tables = (
        *(_unit_table(name, ledgers) for name, ledgers in units),
        *(_training_table(name) for name in ("workstation", "gpu_p100")),
        _late_table(late_hosts(vectors)),
    )
    return Findings(folder, tables, partial(_draw, units), source_note([source_digest()]))


def _ledgers(name: str) -> list[Ledger]:
    config = opu_preset(name)
    design = OpuDesign(_FEATURES, config.rated_outputs)
    return [ledger_of_call(config, host_of("workstation"), design, batch) for batch in BATCHES]


_BEATS: Final = {"clock": "the rate that its preset names"}
"""What sets the beat, where the name of the stage says too little."""

_COLUMNS: Final = (
    Column("batch"),
    *(Column(f"{stage} (us)", 1, 1e6) for stage in STAGES),
    Column("sum (us)", 1, 1e6),
    Column("rate (/s)", 1),
    Column("of nominal (%)", 1, 100.0),
    Column("most goes into"),
)


def _row(ledger: Ledger) -> tuple[Cell, ...]:
    stages = tuple(ledger.seconds_a_sample(stage) for stage in STAGES)
    return (str(ledger.vectors), *stages, 1 / ledger.rate_hz, ledger.rate_hz, ledger.share, ledger.binds)


def _unit_table(name: str, ledgers: list[Ledger]) -> Table:
    config = opu_preset(name)
    budget = frame_budget(config, host_of("workstation"), OpuDesign(_FEATURES, config.rated_outputs))
    best = ledgers[-1]
    verdict = "met" if best.share >= _REQUIRED else f"not reached: {best.binds} binds"
    notes = (
        f"one call at a time, {_FEATURES:,} features, {config.rated_outputs:,} outputs, "
        f"{config.dmd.encoding} vectors, {config.recovery.mode}",
        f"the beat of the frame clock is {1e6 * budget.beat_s:.1f} us: {_BEATS.get(budget.binds, budget.binds)}",
        f"nominal: {best.nominal_hz:,.0f} vectors/s; required {_REQUIRED:.0%} of it: {best.share:.1%} at "
        f"{best.vectors:,}, {verdict}",
    )
    return Table(f"{name}: time a sample, by stage", _COLUMNS, tuple(map(_row, ledgers)), notes)


def _training_table(host: str) -> Table:
    config = opu_preset("light_in_the_loop")
    rows = tuple(_row(training_ledger(config, host_of(host), batch)) for batch in BATCHES)
    sizes = "-".join(map(str, NETWORK))
    notes = (
        f"light_in_the_loop projects {NETWORK[-1]} entries onto {sum(NETWORK[1:-1]):,}; a step waits for it",
        "host: forward pass, hidden layers' gradients and Adam's step; the output layer's meanwhile",
    )
    return Table(f"Training {sizes} on the host {host}: time a sample, by stage", _COLUMNS, rows, notes)


def _late_table(found: list[LateHost]) -> Table:
    columns = (
        Column("host (Gflop/s)", 0, 1e-9), Column("deadline (ms)"), Column("grab (us)", 1, 1e6),
        Column("beat (us)", 1, 1e6), Column("needed"), Column("sent"), Column("used"), Column("dropped"),
        Column("late"), Column("used + dropped + late"), Column("most goes into"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for one in found:
        counts = one.ledger.counts
        deadline = "none" if one.deadline_s is None else f"{1e3 * one.deadline_s:g}"
        rows.append(
            (
                one.flops_per_s, deadline, one.grab_s, one.beat_s, one.needed, counts.sent, counts.used,
                counts.dropped, counts.late, counts.used + counts.dropped + counts.late, one.ledger.binds,
            )
        )  # fmt: skip
    whole = all(c.used + c.dropped + c.late == c.sent for c in (one.ledger.counts for one in found))
    notes = (
        f"a host whose buffer holds {_LATE_BUFFER} frames; frames that were lost are sent again up to 5 times",
        f"every frame sent is used, dropped or late: {'yes' if whole else 'NO'}",
    )
    return Table("A host that is late: what becomes of the frames", columns, tuple(rows), notes)


def _draw(units: list[tuple[str, list[Ledger]]], path: Path, label: str = "") -> None:
    shown = [stage for stage in STAGES if stage != "host"]
    labels = [f"{batch:,}" for batch in BATCHES]
    title = "Where the time of a call goes, by vectors a call"
    with figure(path, len(units) + 1, title, label) as axes:
        for panel, (name, ledgers) in zip(axes, units, strict=False):
            below = [0.0] * len(ledgers)
            for stage, colour in zip(shown, (*COLOURS, "#999999"), strict=True):
                share = [100 * dict(one.spent_ps)[stage] / one.elapsed_ps for one in ledgers]
                panel.bar(labels, share, bottom=below, color=colour, label=stage, width=0.8)
                below = [b + s for b, s in zip(below, share, strict=True)]
            panel.set(title=name, xlabel="vectors a call", ylabel="share of the time (%)", ylim=(0, 100))
            panel.grid(visible=False, axis="x")
        handles, names = axes[0].get_legend_handles_labels()
        axes[0].figure.legend(handles, names, loc="outside lower center", ncols=len(names))
        for (name, ledgers), colour in zip(units, COLOURS, strict=False):
            axes[-1].semilogx(
                BATCHES, [100 * one.share for one in ledgers], "o-", color=colour, markersize=3, label=name
            )
        axes[-1].axhline(100 * _REQUIRED, color="#595959", linestyle="--", label=f"{_REQUIRED:.0%}")
        axes[-1].set(
            title="rate over the frame clock's",
            xlabel="vectors a call",
            ylabel="of nominal (%)",
            ylim=(0, 105),
        )
        axes[-1].legend()


LATENCY: Final = Trial[Findings](
    "latency",
    "where the time of a call goes",
    Size("vectors", "vectors of the late hosts' call", _LATE_VECTORS),
    run_latency,
    Quick(1, 300),
)
