"""Random features from light as a scikit-learn transformer; import this module only where scikit-learn is there.

Each call of ``transform`` is a measurement with the camera's noise, so two calls differ a little, and the estimator
says so in its tags. NOT here: kernels, or choosing the number of components.
"""

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from emulator.adapters.rescaling import output_factor
from emulator.adapters.session import OpuSession, as_config, with_intensities, with_projections, without_noise
from emulator.arguments import checked_choice, checked_flag, checked_number, checked_whole, shown
from emulator.errors import ConfigError
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import OpuDesign
from emulator.physics.opu.dmd import MAX_BITS

__all__ = ["OpuFeatures"]

_LARGEST_SEED = 2**31 - 1


class OpuFeatures(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Project samples by a fixed random complex matrix T with emulated light.

    What comes out is float32; linear projections are divided by sqrt(features/2), as lightonml does by default.

    Parameters
    ----------
    n_components : int
        Features that come out, as many as the camera's pixels hold.
    kind : {"intensity", "linear"}
        Counts of |T x|^2, which are nonlinear in x; or the projection onto real numbers.
    encoding : {"threshold", "bitplanes"}
        How x is shown: 1 where it exceeds ``threshold``, in one pattern; or as two patterns a bit, linear only.
    threshold : float or "median"
        For ``"threshold"``; the median is each feature's own, over the samples that are fitted.
    precision : int
        Bits of ``"bitplanes"``, 1..16.
    noise : bool
        Whether the camera has noise and steps; without, equal samples give equal features. False overrules
        ``config``.
    config : OpuConfig or str
        Configuration, or the name of a preset. Its recovery serves ``"linear"``; if it has none, off-axis
        holography does.
    random_state : int, RandomState instance or None
        Fixes the matrix and the noise.

    Attributes
    ----------
    n_features_in_ : int
        Features of the samples that were fitted.
    session_ : OpuSession
        The unit; fitting again takes a new one, whose clock begins at 0.

    Raises ``ConfigError`` in ``fit`` for an unknown value and for sizes that the device does not have.
    """

    def __init__(
        self,
        n_components: int = 100,
        *,
        kind: Literal["intensity", "linear"] = "intensity",
        encoding: Literal["threshold", "bitplanes"] = "threshold",
        threshold: float | Literal["median"] = "median",
        precision: int = 6,
        noise: bool = True,
        config: OpuConfig | str = "opu_gen2",
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.kind = kind
        self.encoding = encoding
        self.threshold = threshold
        self.precision = precision
        self.noise = noise
        self.config = config
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803
        """Take a unit for samples like ``X`` (samples, features); ``y`` is ignored."""
        del y
        self._check_parameters()
        x = validate_data(self, X, dtype=np.float64)
        self._n_features_out = int(self.n_components)
        if self.encoding == "threshold":
            self.threshold_ = np.median(x, axis=0) if self.threshold == "median" else float(self.threshold)
        seed = self._seed()
        design = OpuDesign(x.shape[1], int(self.n_components))
        self.session_ = OpuSession(self._unit_config(self._shown(x)), design, seed)
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:  # noqa: N803
        """Return what light makes of ``X`` (samples, features): (samples, n_components), float32."""
        check_is_fitted(self)
        x = validate_data(self, X, dtype=np.float64, reset=False)
        outputs = self.session_.project(self._shown(x)).outputs
        if self.kind == "intensity":
            return np.asarray(outputs, dtype=np.float32)
        return np.asarray(outputs * output_factor("variance", self.session_.design))

    @property
    def seconds_(self) -> float:
        """Emulated seconds of all transforms since ``fit``."""
        check_is_fitted(self)
        return self.session_.seconds

    @property
    def joules_(self) -> float:
        """Joules that unit and host drew in that time."""
        check_is_fitted(self)
        return self.session_.joules

    def __sklearn_tags__(self) -> Tags:
        """Return the tags: samples are measured with noise, unless the configuration switches it off."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        tags.non_deterministic = bool(self.noise)
        return tags

    def _shown(self, x: NDArray[np.float64]) -> NDArray[np.float32]:
        if self.encoding == "threshold":
            return np.greater(x, self.threshold_).astype(np.float32)
        return x.astype(np.float32)

    def _unit_config(self, shown: NDArray[np.float32]) -> OpuConfig:
        """Return the configuration of a unit whose exposure suits the patterns ``shown``."""
        config = as_config(self.config)
        if not self.noise:
            config = without_noise(config)
        if self.encoding == "bitplanes":
            mode = "off_axis" if config.recovery.mode == "intensity" else config.recovery.mode
            return with_projections(config, mode, "bitplanes", self.precision)
        lit_share = max(1, int(np.count_nonzero(shown, axis=1).max())) / shown.shape[1]
        if self.kind == "intensity":
            return with_intensities(config, lit_share)
        mode = "off_axis" if config.recovery.mode == "intensity" else config.recovery.mode
        return with_projections(config, mode, "binary", lit_share=lit_share)

    def _check_parameters(self) -> None:
        where = type(self).__name__
        checked_whole(f"{where}: n_components", self.n_components, 1)
        checked_whole(f"{where}: precision", self.precision, 1, MAX_BITS)
        checked_flag(f"{where}: noise", self.noise)
        checked_choice(f"{where}: kind", self.kind, ("intensity", "linear"))
        checked_choice(f"{where}: encoding", self.encoding, ("threshold", "bitplanes"))
        if self.kind == "intensity" and self.encoding == "bitplanes":
            raise ConfigError(
                "OpuFeatures: intensities of bit planes cannot be added up; allowed: encoding='threshold', or "
                "kind='linear'"
            )
        if not (isinstance(self.threshold, str) and self.threshold == "median"):
            try:
                checked_number(f"{where}: threshold", self.threshold)
            except ConfigError as error:
                raise ConfigError(f"{error} or 'median'") from None

    def _seed(self) -> int:
        """Draw the seed of matrix and noise as scikit-learn does; raises ``ConfigError`` for what seeds nothing."""
        try:
            generator = check_random_state(self.random_state)
        except (TypeError, ValueError) as error:
            raise ConfigError(
                f"{type(self).__name__}: random_state = {shown(self.random_state)} is refused; allowed: a whole "
                "number, 0..2**32 - 1, a RandomState, or None"
            ) from error
        return int(generator.randint(_LARGEST_SEED))
