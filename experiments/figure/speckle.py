"""What the camera of the optical processing unit sees: speckle, hologram, spectrum, and what is recovered of it.

A trace keeps no images: they are formed anew from the medium, the light levels and the camera of its configuration
and seed, for a random vector and with noise of their own. The network's outputs fill a few rows of the sensor; in
the images more rows of the same medium are lit, so that there is something to see. Projections are of the run's own
size.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.optics import OpuCore
from emulator.instruments.opu.timing import OpuDesign, costs_of
from emulator.physics.opu.camera import expose, pixel_variance_e2
from emulator.physics.opu.demodulation import OffAxisRecovery
from emulator.physics.opu.holography import Light
from emulator.physics.opu.off_axis import OffAxis
from emulator.streams import key_words, stream
from emulator.trace.reading.reader import Trace
from experiments.figure.style import BLUE, GREY, ORANGE, SKY, title_of
from experiments.run.prepare import task_of
from experiments.run.study import study_from_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Scene", "scene_of", "speckle_figure"]

Reals = NDArray[np.floating]
Number = TypeVar("Number", bound=np.generic)

_ROWS: Final = 64
_SHOWN: Final = 64
_ZOOM: Final = 20
"""Rows of the sensor that are lit; rows and grains along them that the two images show."""

_WIDE: Final = "ss\nhh\nbp"
_SQUARE: Final = "sh\nbp"
"""Where speckle, hologram, what is below it and projections lie: images of grains several columns wide are wide."""

_VECTORS: Final = 16
_DOTS: Final = 4000


@dataclass(frozen=True, eq=False)
class Scene:
    """Hold one pattern's images and the projections of a few vectors.

    Attributes
    ----------
    speckle_e : array (rows, columns)
        Expected electrons a pixel without reference beam.
    counts : array (rows, columns)
        What the camera reads of the first frame, with the reference beam where the mode has one.
    true, recovered : arrays (vectors, outputs)
        The projections that no camera disturbs, and those read from noisy images.
    """

    core: OpuCore
    speckle_e: Reals
    counts: NDArray[np.uint8]
    true: Reals
    recovered: Reals

    @property
    def correlation(self) -> float:
        """Return Pearson's correlation of ``true`` and ``recovered``, over vectors and outputs."""
        return float(np.corrcoef(self.true.ravel(), self.recovered.ravel())[0, 1])


def speckle_figure(trace: Trace) -> "Figure":
    """Return speckle, hologram, the hologram's spectrum, and recovered against true projections.

    Without an off-axis reference beam there is no sideband, and the counts' histogram stands for the spectrum.
    Raises ``TraceError`` when no optical processing unit gave the feedback.
    """
    from matplotlib.figure import Figure

    scene = _scene_of_trace(trace)
    core = scene.core
    wide = _grain_columns(core) > 1
    figure = Figure(figsize=(8.0, 8.6 if wide else 6.4), layout="constrained")
    panels = figure.subplot_mosaic(
        _WIDE if wide else _SQUARE, height_ratios=(1.0, 1.0, 1.6) if wide else None
    )
    speckle, hologram, below, scatter = (panels[name] for name in "shbp")
    _draw_image(speckle, scene.speckle_e, core, _SHOWN, "Speckle |Tx|² of one pattern (electrons)")
    _mark(speckle, core, _ZOOM)
    what = "Hologram" if isinstance(core.recovery, OffAxisRecovery) else "First frame"
    _draw_image(hologram, scene.counts, core, _ZOOM, f"{what} of the marked corner (counts)")
    if isinstance(core.recovery, OffAxisRecovery):
        _draw_spectrum(below, scene, core.recovery.geometry)
    else:
        _draw_histogram(below, scene)
    _draw_scatter(scatter, scene)
    figure.suptitle(title_of(trace), fontsize=9.0)
    return figure


def _scene_of_trace(trace: Trace) -> Scene:
    study = study_from_text(trace.config_text, str(trace.path))
    unit = next((each for each in study.standing().values() if isinstance(each, OpuConfig)), None)
    if unit is None:
        raise TraceError(
            f"{trace.path}: no optical processing unit gave the feedback, so there is no speckle to draw; allowed: "
            "a run of controller.kind = 'odfa' with controller.feedback = 'optical'"
        )
    sizes = task_of(study).layer_sizes
    return scene_of(unit, OpuDesign(sizes[-1], sum(sizes[1:-1])), study.seed)


def scene_of(config: OpuConfig, design: OpuDesign, seed: int) -> Scene:
    """Return what a unit of ``config`` sees of random vectors, and makes of them for a network of ``design``.

    Its medium is that of ``seed``.
    """
    costs = costs_of(config)
    config = config.model_copy(
        update={"fidelity": "field", "camera": config.camera.model_copy(update={"noise": True})}
    )
    core = OpuCore(config, design._replace(outputs=_ROWS * (config.camera.columns // costs.pixels)), seed)
    own = OpuCore(config, design, seed)
    rng = stream(seed, "figures/speckle")
    values = (0.0, 1.0) if config.dmd.encoding == "binary" else (-1.0, 0.0, 1.0)
    vectors = rng.choice(np.array(values, dtype=np.float32), (_VECTORS, design.features))
    vectors[:, 0] = 1.0
    pattern = (vectors[:1] > 0).astype(np.float32)
    fields = core.medium.fields(pattern)
    key = key_words(seed, "figures/camera")
    counts = expose(core.recovery.images(fields, core.light)[:, 0], core.camera, 0, key).counts[0]
    dark = Light(core.light.gain_e, 0.0)
    speckle_e = core.recovery.images(fields, dark)[0, 0]
    true, projected = own.truth(vectors), own.project(vectors, 0).outputs
    recovered = projected.astype(np.float64)
    if config.recovery.mode == "intensity":
        recovered *= own.camera.e_per_count / own.light.gain_e
    return Scene(core, _as_rows(speckle_e), _as_rows(counts), true, recovered)


def _as_rows(image: NDArray[Number]) -> NDArray[Number]:
    """Return ``image`` as it is, or pixels in a line as rows of the sensor."""
    return image if image.ndim == 2 else image.reshape(_ROWS, -1)


def _draw_image(
    axes: "Axes", image: Reals | NDArray[np.uint8], core: OpuCore, grains: int, title: str
) -> None:
    """Draw ``grains`` rows and grains of ``image`` in grey, a pixel a square: off axis a grain is several wide."""
    from matplotlib.ticker import MaxNLocator

    wide = _grain_columns(core)
    part = image[:grains, : grains * wide]
    drawn = axes.imshow(
        part,
        cmap="gray",
        aspect="equal",
        interpolation="nearest",
        vmin=0.0,
        vmax=float(np.quantile(part, 0.998)),
    )
    axes.grid(visible=False)
    kept = core.config.recovery.mode == "anchor"  # the brightest pixel of each group: no longer neighbours
    axes.set(
        xlabel="Kept pixel" if kept else "Camera column", ylabel="Row" if kept else "Camera row", title=title
    )
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.figure.colorbar(drawn, ax=axes, shrink=0.85, pad=0.02, aspect=20 if wide == 1 else 12)


def _mark(axes: "Axes", core: OpuCore, grains: int) -> None:
    """Frame the corner that the neighbouring panel shows larger."""
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle(
            (-0.5, -0.5), grains * _grain_columns(core), grains, fill=False, color=ORANGE, linewidth=1.2
        )
    )


def _grain_columns(core: OpuCore) -> int:
    """Return the camera columns of a speckle grain."""
    return core.recovery.geometry.oversampling if isinstance(core.recovery, OffAxisRecovery) else 1


def _draw_spectrum(axes: "Axes", scene: Scene, geometry: OffAxis) -> None:
    """Draw the mean power spectrum along the rows, its bands, and the level of the camera's noise."""
    counts = scene.counts.astype(np.float64) * scene.core.camera.e_per_count
    columns = geometry.columns
    power = (np.abs(np.fft.rfft(counts[:, :columns], axis=1)) ** 2).mean(axis=0) / columns
    floor = pixel_variance_e2(float(counts.mean()), scene.core.camera)
    upper, lower = (geometry.modes + 1) // 2, geometry.modes // 2
    axes.axvspan(0, geometry.modes, color=SKY, alpha=0.25, lw=0, label="|O|² and |R|²")
    axes.axvspan(
        geometry.carrier - lower, geometry.carrier + upper, color=ORANGE, alpha=0.25, lw=0, label="sideband"
    )
    axes.semilogy(np.arange(len(power)), power, color=BLUE, linewidth=0.7)
    axes.axhline(floor, color=GREY, linestyle="--", label="noise, as computed")
    axes.axvline(geometry.carrier, color=ORANGE, linestyle=":", label="carrier")
    axes.set(
        xlabel="Cycles a row",
        ylabel="Power (electrons² a pixel)",
        title=f"Spectrum of the hologram, mean of {len(counts)} rows",
        xlim=(0, columns // 2),
        ylim=(floor / 3, 300 * power[1:].max()),
    )
    axes.legend(loc="upper right", ncols=2)


def _draw_histogram(axes: "Axes", scene: Scene) -> None:
    """Draw how often each count was read, beside the exponential law where nothing but speckle was."""
    counts = scene.counts.ravel()
    levels = np.arange(int(counts.max()) + 2)
    axes.hist(counts, bins=(levels - 0.5).tolist(), density=True, color=SKY, label="read")
    if scene.core.config.recovery.mode == "intensity":
        mean = float(scene.speckle_e.mean()) / scene.core.camera.e_per_count
        axes.plot(levels, np.exp(-levels / mean) / mean, color=ORANGE, label="exponential law")
    axes.set(xlabel="Count", ylabel="Share of pixels", yscale="log", title="Counts of the first frame")
    axes.legend(loc="upper right")


def _draw_scatter(axes: "Axes", scene: Scene) -> None:
    """Draw recovered against true projections, thinned to what an eye can tell apart."""
    step = max(1, scene.true.size // _DOTS)
    true, recovered = scene.true.ravel()[::step], scene.recovered.ravel()[::step]
    ends = (float(min(true.min(), recovered.min())), float(max(true.max(), recovered.max())))
    axes.plot(ends, ends, color=GREY, linewidth=0.9, label="equal")
    label = f"correlation {scene.correlation:.4f}"
    axes.scatter(true, recovered, s=3, color=BLUE, alpha=0.35, linewidths=0, label=label, rasterized=True)
    axes.set_aspect("equal")
    axes.set(
        xlabel="True projection",
        ylabel="Recovered projection",
        title=f"{len(scene.true)} vectors × {scene.true.shape[1]:,} outputs",
    )
    axes.legend(loc="upper left", markerscale=3)
