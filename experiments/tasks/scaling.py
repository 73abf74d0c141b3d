"""Raw features into light amplitudes in [0, 1]: PCA and min-max, area averages; NOT the choice of samples."""

from dataclasses import dataclass

import numpy as np

from data.sets import FloatArray
from emulator.errors import TaskError

__all__ = ["Affine", "PcaMinMax", "area_average", "area_matrix"]


@dataclass(frozen=True, eq=False)
class PcaMinMax:
    """Project on the leading principal components, then stretch each to [0, 1].

    The convention of the literature puts a robust scaler (10th to 90th percentile) between the two. It is an
    affine map of each component, which min-max undoes exactly, so it is left out.
    """

    mean: FloatArray
    """Mean of each feature, shape (features,)."""
    axes: FloatArray
    """Orthonormal components, shape (features, components)."""
    low: FloatArray
    """Least value of each component over the fitted samples, shape (components,)."""
    span: FloatArray
    """Greatest less least value, shape (components,), above 0."""

    @classmethod
    def fit(cls, x: FloatArray, components: int) -> "PcaMinMax":
        """Fit on ``x``, shape (samples, features); raise ``TaskError`` when it spans too few dimensions."""
        mean = x.mean(axis=0)
        _, strength, rows = np.linalg.svd(x - mean, full_matrices=False)
        if len(strength) < components or strength[components - 1] <= 1e-12 * strength[0]:
            raise TaskError(
                f"PCA: {len(x)} samples do not span {components} components; use more classes or samples"
            )
        axes = rows[:components].T
        # A singular vector has no sign of its own: fix it, so that another LAPACK gives the same features.
        axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(components)])
        scores = (x - mean) @ axes
        low = scores.min(axis=0)
        return cls(mean=mean, axes=axes, low=low, span=scores.max(axis=0) - low)

    def apply(self, x: FloatArray) -> FloatArray:
        """Return ``x`` as amplitudes, shape (samples, components), clipped to the fitted range."""
        scores = (x - self.mean) @ self.axes
        return np.ascontiguousarray(np.clip((scores - self.low) / self.span, 0.0, 1.0))


def area_matrix(pixels_in: int, pixels_out: int) -> FloatArray:
    """Return A, shape (pixels_out, pixels_in), that averages a line of pixels over equal stretches of it.

    A_ij = overlap of input pixel j with stretch i, as a share of the stretch. Every row sums to 1 and every
    column to pixels_out/pixels_in, so the mean is preserved. Needs 1 <= pixels_out <= pixels_in.
    """
    if not 1 <= pixels_out <= pixels_in:
        raise TaskError(f"area average: {pixels_in} -> {pixels_out} pixels, must shrink to at least 1")
    # In units of 1/pixels_out of an input pixel all edges are whole numbers, and the overlaps exact.
    start_in = np.arange(pixels_in) * pixels_out
    start_out = np.arange(pixels_out)[:, None] * pixels_in
    overlap = np.minimum(start_in + pixels_out, start_out + pixels_in) - np.maximum(start_in, start_out)
    weights: FloatArray = np.maximum(overlap, 0) / pixels_in
    return weights


def area_average(images: FloatArray, shape: tuple[int, int]) -> FloatArray:
    """Return ``images``, shape (samples, height, width), shrunk to ``shape`` by area: A X B^T."""
    tall, wide = area_matrix(images.shape[1], shape[0]), area_matrix(images.shape[2], shape[1])
    shrunk: FloatArray = tall @ images @ wide.T
    return shrunk


@dataclass(frozen=True, eq=False)
class Affine:
    """Shift and stretch features, then clip them: (x - offset) / span within [least, most].

    ``offset`` and ``span`` have shape (features,), or (1,) for one scale of all.
    """

    offset: FloatArray
    span: FloatArray
    least: float
    most: float

    @classmethod
    def onto_unit(cls, low: FloatArray, high: FloatArray) -> "Affine":
        """Return what maps ``low`` onto 0 and ``high`` onto 1."""
        return cls(low, high - low, 0.0, 1.0)

    @classmethod
    def identity(cls) -> "Affine":
        """Return what leaves everything as it is."""
        return cls(np.zeros(1), np.ones(1), -np.inf, np.inf)

    def apply(self, x: FloatArray) -> FloatArray:
        """Return ``x`` (samples, features) scaled, C-contiguous."""
        return np.ascontiguousarray(np.clip((x - self.offset) / self.span, self.least, self.most))
