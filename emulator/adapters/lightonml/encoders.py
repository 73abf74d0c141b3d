"""How numbers become what mirrors can show, under the names that users of lightonml know.

An encoder only says what is wanted; bit planes themselves are made by the unit (``physics.dmd``), which also adds
their projections up again, so that there are no decoders. Source of the names: lightonml's public documentation.
"""

from dataclasses import dataclass
from typing import Any, Literal, Never, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emulator.arguments import checked_array, checked_flag, checked_number, checked_whole
from emulator.errors import CommandError, ConfigError
from emulator.physics.opu.dmd import MAX_BITS

__all__ = ["BinaryThresholdEncoder", "Encoder", "SeparatedBitPlanEncoder", "encoder_of"]

_NUMBERS = "finite real numbers or booleans"


class BinaryThresholdEncoder:
    """Show 1 where a number exceeds the threshold, else 0; the other way round unless ``greater_is_one``.

    ``threshold``, or ``threshold_enc`` as lightonml calls it, is a number, 0 by default, or "auto", each feature's
    median over what ``fit`` is given. Raises ``ConfigError`` for anything else, and for both.
    """

    def __init__(
        self,
        threshold: float | Literal["auto"] | None = None,
        greater_is_one: bool = True,
        *,
        threshold_enc: float | Literal["auto"] | None = None,
    ) -> None:
        if threshold is not None and threshold_enc is not None:
            raise ConfigError("BinaryThresholdEncoder: threshold and threshold_enc are one; give either")
        given = threshold if threshold is not None else threshold_enc
        self.greater_is_one = checked_flag("BinaryThresholdEncoder: greater_is_one", greater_is_one)
        self._learns = isinstance(given, str) and given == "auto"
        self._threshold: float | NDArray[np.float64] | None = None
        if not self._learns:
            try:
                self._threshold = checked_number(
                    "BinaryThresholdEncoder: threshold", 0.0 if given is None else given
                )
            except ConfigError as error:
                raise ConfigError(f"{error} or 'auto'") from None

    @property
    def threshold(self) -> float | NDArray[np.float64]:
        """Return what is to be exceeded; raises ``CommandError`` for "auto" before ``fit``."""
        if self._threshold is None:
            raise CommandError(
                "BinaryThresholdEncoder: threshold 'auto' is not known yet; call fit(X) or fit_transform(X) first, "
                "or give a number"
            )
        return self._threshold

    @property
    def threshold_enc(self) -> float | NDArray[np.float64]:
        """Return ``threshold`` under lightonml's name."""
        return self.threshold

    def fit(self, X: ArrayLike, y: object = None) -> Self:  # noqa: N803
        """Learn the threshold "auto" from ``X`` (samples, features); ``y`` is ignored, and so is X otherwise.

        Raises ``CommandError`` for what holds no finite real numbers.
        """
        del y
        if self._learns:
            x = _finite(X, "fit")
            if x.size == 0:
                raise CommandError("BinaryThresholdEncoder.fit: X is empty; allowed: at least one sample")
            self._threshold = np.asarray(np.median(x, axis=0)) if x.ndim > 1 else float(np.median(x))
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.uint8]:  # noqa: N803
        """Return 0 or 1 for every number of ``X`` (...), uint8; raises ``CommandError`` for other than numbers."""
        return self.encode(X).astype(np.uint8)

    def fit_transform(self, X: ArrayLike, y: object = None) -> NDArray[np.uint8]:  # noqa: N803
        """Return ``fit(X).transform(X)``."""
        return self.fit(X, y).transform(X)

    def encode(self, x: ArrayLike) -> NDArray[np.float32]:
        """Return 0 or 1 for every number of ``x`` (...), float32."""
        numbers, threshold = _finite(x, "encode"), self.threshold
        if isinstance(threshold, np.ndarray) and numbers.shape[-1:] != threshold.shape:
            raise CommandError(
                f"BinaryThresholdEncoder: vectors of shape {numbers.shape}; fitted to {threshold.size} features"
            )
        above = np.greater(numbers, threshold)
        return np.asarray((above if self.greater_is_one else ~above).astype(np.float32))

    def __eq__(self, other: object) -> bool:
        """Tell whether ``other`` encodes alike."""
        return (
            isinstance(other, BinaryThresholdEncoder)
            and (self._learns, self.greater_is_one) == (other._learns, other.greater_is_one)
            and np.array_equal(np.asarray(self._threshold), np.asarray(other._threshold))
        )

    __hash__ = None  # type: ignore[assignment]  # fit changes it

    def __repr__(self) -> str:
        """Return how it is made."""
        given = "'auto'" if self._learns else str(self._threshold)
        return f"BinaryThresholdEncoder(threshold={given}, greater_is_one={self.greater_is_one})"


@dataclass(frozen=True, slots=True)
class SeparatedBitPlanEncoder:
    """Show positive and negative parts as ``precision`` bit planes each, at twice as many frames; linear only.

    A precision of 1 shows -1, 0 and 1 exactly. Raises ``ConfigError`` for ``precision`` outside 1..16.
    """

    precision: int = 6

    def __post_init__(self) -> None:
        checked_whole("SeparatedBitPlanEncoder: precision", self.precision, 1, MAX_BITS)

    def fit(self, X: ArrayLike, y: object = None) -> Self:  # noqa: N803
        """Return the encoder, which learns nothing."""
        del X, y
        return self

    def transform(self, X: ArrayLike) -> Never:  # noqa: N803
        """Refuse with ``CommandError``: the unit makes bit planes itself, and adds their projections up again."""
        del X
        raise CommandError(
            "SeparatedBitPlanEncoder.transform: the unit makes the bit planes and decodes them; allowed: "
            "OPU.linear_transform(X, SeparatedBitPlanEncoder(precision)), without a decoder"
        )

    fit_transform = transform


Encoder = BinaryThresholdEncoder | SeparatedBitPlanEncoder


def encoder_of(given: Encoder | type[Encoder] | None) -> Encoder | None:
    """Return ``given``, made with its defaults if it is a class; raises ``ConfigError`` when it is no encoder."""
    if given is None or isinstance(given, Encoder):
        return given
    if isinstance(given, type) and issubclass(given, Encoder):
        return given()
    name = given.__name__ if isinstance(given, type) else type(given).__name__
    raise ConfigError(
        f"OPU: {name} is no encoder; allowed: BinaryThresholdEncoder, SeparatedBitPlanEncoder or None"
    )


def _finite(x: ArrayLike, where: str) -> NDArray[Any]:
    """Return ``x`` as an array; raises ``CommandError`` unless it holds finite real numbers."""
    found = checked_array(f"BinaryThresholdEncoder.{where}: X", x, _NUMBERS, error=CommandError)
    if found.dtype.kind == "f" and not np.isfinite(found).all():
        raise CommandError(
            f"BinaryThresholdEncoder.{where}: X has numbers that are not finite; allowed: {_NUMBERS}"
        )
    return found
