"""``lightloop check views`` asks whether every view of a run says the same, however much of the run was kept.

Small runs of both instruments with random links, cameras, buffers and hosts, by one agent or several, closed by
the host or on the chip, complete, ended by a budget, or killed, are recorded at detail "commands", "full" and
"summary". Every view of one is compared with every view of the others: instants to the picosecond, energies to
1e-12.
"""

import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from emulator.bench import Bench
from emulator.errors import TaskError
from emulator.streams import stream
from emulator.trace import Detail
from emulator.trace.writing.journal import journal_path
from experiments.check.accounts import Accounts, accounts_of, differences
from experiments.check.retiming import step_by_step
from experiments.output.publishing import folder_of, publish, source_note
from experiments.output.source import source_digest
from experiments.output.tables import Column, Table
from experiments.run.run import OwnController, run_study
from experiments.run.study import study_from_overrides
from experiments.sweep.trial import Size, Trial

__all__ = ["VIEWS", "Drawn", "Verdict", "draw", "run_views", "verdict_on"]

_SETS: Final = 20
_LOOKS: Final = 3
_DETAILS: Final[tuple[Detail, ...]] = ("commands", "full", "summary")

_CHIP: Final = ("task.name=vowel", "controller.kind=szo_scd", "deployment.alpha=1.0")
_LIGHT: Final = (
    "task.name=mnist", "task.classes=[0, 1]", "opu.preset=light_in_the_loop", "host.preset=workstation",
    "controller.kind=odfa", "controller.epochs=1", "controller.row_scale=true",
)  # fmt: skip

Choices = Mapping[str, tuple[str, ...]]
"""Values to choose from, by dotted path; an empty text leaves the preset's."""

_HOST: Final[Choices] = {
    "host.overhead_s": ("", "0", "200 us"),
    "host.active_power_w": ("", "333"),
}
_CHIP_CHOICES: Final[Choices] = {
    "chip.link.latency_s": ("", "0", "3 us", "1 ms"),
    "chip.link.rate_bit_per_s": ("", "1e6", "1e11"),
    "chip.heaters.settle_s": ("", "0", "100 us"),
    "chip.receiver.adc_s": ("", "5 us"),
    "controller.loop": ("host", "sequencer"),
    "agents": (
        "",
        "[{kind='disturb', target='chip.gamma', index=0, value=1.0, at_s='50 us', every_s='70 us'}]",
    ),
    "controller.queries": ("1", "7", "40", "40"),
    **_HOST,
}
_LIGHT_CHOICES: Final[Choices] = {
    "opu.pcie.latency_s": ("", "0", "50 us", "1 ms"),
    "opu.pcie.rate_bit_per_s": ("", "1e7", "1e8"),
    "opu.pcie.buffer_frames": ("", "1", "3"),
    "opu.pcie.deadline_s": ("", "3 ms"),
    "opu.camera.buffer_frames": ("", "1"),
    "opu.camera.exposure_s": ("", "100 us"),
    "opu.camera.frame_rate_hz": ("", "100", "1000"),
    "opu.camera.missed_probability": ("", "0.1"),
    "opu.dmd.torn_probability": ("", "0.1"),
    "opu.dmd.memory_patterns": ("", "2"),
    "opu.acquisition_s": ("", "1 ms"),
    "opu.retries": ("", "0", "2"),
    "opu.recovery.mode": ("", "phase_shifting", "anchor"),
    "controller.schedule": ("", "late"),
    "controller.batch_size": ("64", "300", "100000"),
    "task.hidden": ("[8]", "[12, 8]"),
    "budget.queries": ("100", "700", ""),
    "host.flops_per_s": ("", "1e8", "1e10"),
    "host.bytes_per_s": ("", "1e8"),
    "controller.planes": ("", "2"),
    **_HOST,
}


class Drawn(NamedTuple):
    """A run to be recorded: its overrides, and the query after which it is killed (0: it is not)."""

    instrument: str
    overrides: tuple[str, ...]
    killed_after: int
    own: OwnController | None = None


@dataclass(frozen=True)
class Verdict:
    """Hold what was compared of one run, and where its views differ."""

    drawn: Drawn
    status: str
    views: int
    found: tuple[str, ...]


def draw(number: int, seed: int = 0) -> Drawn:
    """Return the run ``number`` of ``seed``: every second one is of a chip, every third one is killed."""
    rng = stream(seed, f"check/views/{number}")
    chip = number % 2 == 0
    choices = _CHIP_CHOICES if chip else _LIGHT_CHOICES
    chosen = {path: values[int(rng.integers(len(values)))] for path, values in choices.items()}
    own = chip and chosen["controller.loop"] == "host" and rng.random() < 0.3
    overrides = tuple(f"{path}={value}" for path, value in chosen.items() if value)
    after = int(rng.integers(1, 20)) if number % 3 == 2 else 0
    fixed = _CHIP if chip else _LIGHT
    return Drawn(
        "chip" if chip else "opu",
        (*fixed, *overrides, f"seed={number}"),
        after,
        step_by_step if own else None,
    )


class _Kill:
    """Copy the journal as a kill would leave it, after so many queries."""

    def __init__(self, out: Path, copy: Path, after: int) -> None:
        self.every_queries = after
        self._out, self._copy, self._looks = out, copy, 0

    def observe(self, bench: Bench) -> Mapping[str, float]:
        """Write out what is known at the first few looks, and keep it."""
        if self._looks < _LOOKS:
            self._looks += 1
            bench.recorder.commit()
            shutil.copy(journal_path(self._out), journal_path(self._copy))
        return {}


def verdict_on(drawn: Drawn, folder: Path) -> Verdict:
    """Record ``drawn`` at every detail under ``folder`` and compare all that is said of it."""
    accounts = {detail: accounts_of(_recorded(drawn, detail, folder)) for detail in _DETAILS}
    first = accounts["commands"]
    found = [f"full: {name}" for name in differences(first, accounts["full"])]
    status = str(first.exact["status"])
    if status != "killed":  # of which a trace of detail "summary" holds no sums
        found += [f"summary: {name}" for name in differences(_sums(first), accounts["summary"])]
    return Verdict(drawn, status, len(first.exact) + len(first.rounded), tuple(found))


def _sums(one: Accounts) -> Accounts:
    """Return as much of ``one`` as a trace of detail "summary" tells."""
    energies = {name: value for name, value in one.rounded.items() if name.startswith("energy: ")}
    return Accounts({name: one.exact[name] for name in ("run", "status")}, energies, one.faults)


def _recorded(drawn: Drawn, detail: Detail, folder: Path) -> Path:
    out, killed = folder / f"{detail}.h5", folder / f"{detail}-killed.h5"
    study = study_from_overrides((*drawn.overrides, f"trace.detail={detail}"), "check views")
    kill = [_Kill(out, killed, drawn.killed_after)] if drawn.killed_after and detail != "summary" else []
    run_study(study, out, kill, own=drawn.own)
    return killed if journal_path(killed).exists() else out


def run_views(out: Path, seeds: int, sets: int, jobs: int) -> None:
    """Compare the views of ``sets`` random runs and print under ``out``/views; ``seeds`` and ``jobs`` are not used.

    Raises ``TaskError`` after the table when any two views differ.
    """
    del seeds, jobs
    folder = folder_of("views", out)
    verdicts = []
    for number in range(sets):
        with tempfile.TemporaryDirectory() as place:
            verdicts.append(verdict_on(draw(number), Path(place)))
        print(f"check views: {number + 1} of {sets} sets", file=sys.stderr, flush=True)
    publish("views", (_table(verdicts),), source_note([source_digest()]), folder)
    equal = sum(not verdict.found for verdict in verdicts)
    print(f"check views: {equal} of {sets} sets equal")
    if equal < sets:
        raise TaskError(f"check views: the views of {sets - equal} of {sets} runs differ; see the table")


def _table(verdicts: Sequence[Verdict]) -> Table:
    columns = (Column("set"), Column("run of"), Column("ended"), Column("views compared"), Column("differ"))
    rows = tuple(
        (
            str(number),
            verdict.drawn.instrument,
            verdict.status,
            verdict.views,
            "nowhere" if not verdict.found else "; ".join(verdict.found[:3]),
        )
        for number, verdict in enumerate(verdicts)
    )
    return Table("Every view at every detail", columns, rows, tuple(_notes(verdicts)))


def _notes(verdicts: Sequence[Verdict]) -> list[str]:
    return [
        f"set {number}: {' '.join(verdict.drawn.overrides)}"
        for number, verdict in enumerate(verdicts)
        if verdict.found
    ]


VIEWS: Final = Trial(
    "views",
    "does every view of a run say the same at every detail",
    Size("sets", "random runs", _SETS),
    run_views,
)
