"""How well each mode recovers a linear projection: correlation, noise against exposure, frames and pixels.

Every camera image is formed, exposed and read ("field"), at a full well of 10,000 electrons and 8 bits. The
statistical shortcut is run beside it: the two part where saturation sets in, which only the field knows. Not
modelled, as in the unit itself: drift of medium and reference.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from emulator.config.models import build
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.optics import OpuCore
from emulator.instruments.opu.timing import OpuDesign, costs_of
from emulator.physics.opu.holography import frames_per_projection
from emulator.streams import stream
from experiments.output.publishing import folder_of, source_note
from experiments.output.source import source_digest
from experiments.output.statistics import Stat, stat
from experiments.output.tables import Cell, Column, Table
from experiments.paper.findings import Findings, verdict
from experiments.paper.plots import COLOURS, figure
from experiments.sweep.trial import Quick, Size, Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CASES", "RECOVERY", "Case", "Recovered", "measure", "opu_of", "run_recovery", "vectors_of"]

_FEATURES: Final = 100
_CLASSES: Final = 10
_OUTPUTS: Final = 2040
_VECTORS: Final = 50
_EXPOSURES: Final = (0.03, 0.06, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0)
"""Shares of the nominal exposure."""

_REQUIRED: Final = 0.99
_GREY: Final = "#595959"


@dataclass(frozen=True)
class Case:
    """A mode, and the vectors that it projects; ``title`` names the mode in tables."""

    title: str
    mode: Literal["off_axis", "phase_shifting", "anchor", "intensity"]
    vectors: Literal["ternary", "error", "binary"]

    @property
    def features(self) -> int:
        """Return the entries of a vector."""
        return _CLASSES if self.vectors == "error" else _FEATURES

    @property
    def what(self) -> str:
        """Return in words what the vectors are."""
        return {
            "ternary": f"{_FEATURES} of -1, 0, 1",
            "error": f"{_CLASSES}: one 1, one -1",
            "binary": f"{_FEATURES} of 0, 1",
        }[self.vectors]


CASES: Final = (
    Case("off-axis", "off_axis", "ternary"),
    Case("phase shifting", "phase_shifting", "ternary"),
    Case("anchor", "anchor", "ternary"),
    Case("off-axis", "off_axis", "error"),
    Case("phase shifting", "phase_shifting", "error"),
    Case("anchor", "anchor", "error"),
    Case("intensity", "intensity", "binary"),
)
"""Full ternary vectors; sparse ones as the error of a classifier is; and for intensities, which add up to nothing,
binary ones only."""


@dataclass(frozen=True)
class Recovered:
    """Compare recovered with true projections; noise in standard deviations of the true projections."""

    correlation: float
    noise: float
    """Standard deviation of recovered minus true, over that of the true ones."""
    bias: float
    """Slope of recovered against true, minus 1."""
    saturated: float
    """Share of the pixels read that were at the top of the range."""


def opu_of(case: Case, fidelity: Literal["field", "statistical"], exposure: float = 1.0) -> OpuConfig:
    """Return a unit at ``exposure`` times the nominal one, its frame clock as slow as that needs."""
    nominal_s = OpuConfig().camera.nominal_exposure_s
    tree = {
        "fidelity": fidelity,
        "dmd": {"encoding": "binary" if case.vectors == "binary" else "ternary"},
        "camera": {"full_well_e": 10_000.0, "bits": 8, "exposure_s": exposure * nominal_s},
        "recovery": {"mode": case.mode},
    }
    return build(OpuConfig, tree, f"paper recovery, {case.mode}")


def vectors_of(case: Case, count: int, seed: int) -> NDArray[np.float32]:
    """Return ``count`` random vectors (count, features): every value as likely, or one 1 and one -1 each."""
    rng = stream(seed, f"paper/recovery/{case.vectors}")
    if case.vectors == "error":
        places = np.argsort(rng.random((count, case.features)), axis=1)[:, :2]
        shown = np.zeros((count, case.features), dtype=np.float32)
        np.put_along_axis(shown, places, np.array([[1.0, -1.0]], dtype=np.float32), axis=1)
        return shown
    values = (0.0, 1.0) if case.vectors == "binary" else (-1.0, 0.0, 1.0)
    return rng.choice(np.array(values, dtype=np.float32), (count, case.features))


def measure(case: Case, config: OpuConfig, seed: int, count: int = _VECTORS) -> Recovered:
    """Project ``count`` vectors of ``case`` and compare; ``seed`` fixes medium, noise and vectors."""
    core = OpuCore(config, OpuDesign(case.features, _OUTPUTS), seed)
    shown = vectors_of(case, count, seed)
    projected = core.project(shown, 0)
    true, found = core.truth(shown).astype(np.float64), projected.outputs.astype(np.float64)
    if config.recovery.mode == "intensity":
        found *= core.camera.e_per_count / core.light.gain_e
    costs = costs_of(config)
    pixels = count * core.planes * costs.frames * costs.pixels * _OUTPUTS
    return _compared(true, found, projected.saturated / pixels)


def _compared(true: NDArray[np.float64], found: NDArray[np.float64], saturated: float) -> Recovered:
    spread = float(true.std())
    centred = true - true.mean()
    slope = float((centred * found).sum() / (centred**2).sum())
    return Recovered(
        correlation=float(np.corrcoef(true.ravel(), found.ravel())[0, 1]),
        noise=float((found - true).std()) / spread,
        bias=slope - 1.0,
        saturated=saturated,
    )


Curve = tuple[float, tuple[Recovered, ...], tuple[Recovered, ...]]
"""An exposure, and what was measured there of the field and of the statistics, one a seed."""


def run_recovery(out: Path, seeds: int, vectors: int, jobs: int) -> Findings:
    """Measure every case with ``seeds`` media, at every exposure, and return what was found."""
    del jobs  # a minute's work for one process
    folder = folder_of("recovery", out)
    found = [(case, _curves(case, seeds, vectors)) for case in CASES]
    tables = (_at_nominal(found, seeds, vectors), _against_exposure(found))
    return Findings(folder, tables, partial(_draw, found), source_note([source_digest()]))


def _curves(case: Case, seeds: int, vectors: int) -> list[Curve]:
    return [
        (
            exposure,
            tuple(measure(case, opu_of(case, "field", exposure), seed, vectors) for seed in range(seeds)),
            tuple(
                measure(case, opu_of(case, "statistical", exposure), seed, vectors) for seed in range(seeds)
            ),
        )
        for exposure in _EXPOSURES
    ]


def _at_nominal(found: list[tuple[Case, list[Curve]]], seeds: int, vectors: int) -> Table:
    columns = (
        Column("mode"), Column("vectors"), Column("correlation", 4), Column("noise (std of y)", 4),
        Column("statistical", 4), Column("frames a vector"), Column("setup frames"), Column("pixels an output"),
        Column("numbers an output"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for case, curves in found:
        field, statistical = next((f, s) for exposure, f, s in curves if exposure == 1.0)
        config = opu_of(case, "field")
        costs = costs_of(config)
        frames = frames_per_projection(
            case.mode, config.dmd.encoding, phase_steps=config.recovery.phase_steps
        )
        rows.append(
            (
                case.title, case.what, stat(m.correlation for m in field), stat(m.noise for m in field),
                stat(m.noise for m in statistical), frames, costs.setup_frames, costs.pixels, costs.quadratures,
            )
        )  # fmt: skip
    worst = min(m.correlation for case, curves in found if case.mode == "off_axis" for m in _nominal(curves))
    notes = (
        f"{seeds} media, {vectors} vectors, {_OUTPUTS} outputs; every image formed and read",
        f"required: off-axis >= {_REQUIRED}; the lowest of all seeds is {worst:.4f}: {verdict(worst >= _REQUIRED)}",
        "intensity is compared with |Tx|^2, the others with Re(Tx); statistical: noise without forming images",
        "numbers an output: with a reference beam an output is complex; training takes its real part",
    )
    return Table(
        "Linear recovery at the nominal exposure, full well 10,000 e-, 8 bits", columns, tuple(rows), notes
    )


def _nominal(curves: list[Curve]) -> tuple[Recovered, ...]:
    return next(field for exposure, field, _ in curves if exposure == 1.0)


def _against_exposure(found: list[tuple[Case, list[Curve]]]) -> Table:
    columns = (
        Column("mode"), Column("vectors"), Column("exposure", 2), Column("correlation", 4),
        Column("noise (std of y)", 4), Column("statistical", 4), Column("slope - 1 (%)", 2, 100.0),
        Column("saturated pixels (ppm)", 1, 1e6),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (
            case.title, case.what, exposure, _stat(field, "correlation"), _stat(field, "noise"),
            _stat(statistical, "noise"), _stat(field, "bias"), _stat(field, "saturated"),
        )
        for case, curves in found
        for exposure, field, statistical in curves
    ]  # fmt: skip
    notes = ("exposure: in units of the nominal one, at which saturation is rare",)
    return Table("Noise against exposure", columns, tuple(rows), notes)


def _stat(measured: tuple[Recovered, ...], name: str) -> Stat:
    return stat(float(getattr(one, name)) for one in measured)


def _draw(found: list[tuple[Case, list[Curve]]], path: Path, label: str = "") -> None:
    title = "Recovered projections: noise against exposure, full well 10,000 electrons, 8 bits"
    with figure(path, 3, title, label) as axes:
        for panel, kinds in zip(axes, (("ternary", "binary"), ("error",)), strict=False):
            for case, curves in found:
                if case.vectors in kinds:
                    _draw_noise(panel, case, curves)
        axes[0].set_title(f"{_FEATURES} features: ternary vectors; intensity: binary")
        axes[1].set_title(f"{_CLASSES} features: one 1, one -1")
        for panel in axes[:2]:
            panel.plot([], [], "--", color=_GREY, linewidth=1.0, label="statistical")
            panel.set(xlabel="exposure / nominal", ylabel="noise / spread of the projection")
        for case, curves in found:
            style = ":" if case.vectors == "error" else "-"
            share = [_stat(field, "saturated").mean or np.nan for _, field, _ in curves]
            label = f"{case.title}, {case.features}"
            axes[2].loglog(
                _EXPOSURES, share, f"o{style}", color=_COLOUR_OF[case.mode], markersize=3, label=label
            )
        axes[2].set(
            xlabel="exposure / nominal",
            ylabel="share of pixels",
            title="saturated pixels, by mode and features",
        )
        for panel in axes:
            panel.axvline(1.0, color=_GREY, linewidth=0.8)
            panel.set_xlim(0.026, 3.5)
            panel.set_xticks((0.03, 0.1, 0.3, 1.0, 3.0), ("0.03", "0.1", "0.3", "1", "3"))
            panel.legend()


def _draw_noise(panel: "Axes", case: Case, curves: list[Curve]) -> None:
    colour = _COLOUR_OF[case.mode]
    field = [_stat(measured, "noise").mean for _, measured, _ in curves]
    statistical = [_stat(measured, "noise").mean for _, _, measured in curves]
    panel.loglog(_EXPOSURES, field, "o-", color=colour, markersize=3, label=case.title)
    panel.loglog(_EXPOSURES, statistical, "--", color=colour, linewidth=1.0)


_COLOUR_OF: Final = dict(zip(("off_axis", "phase_shifting", "anchor", "intensity"), COLOURS[:4], strict=True))


RECOVERY: Final = Trial[Findings](
    "recovery",
    "how well each mode recovers a linear projection",
    Size("vectors", "vectors projected for each point", _VECTORS),
    run_recovery,
    Quick(2, 10),
)
