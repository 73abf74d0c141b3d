"""An ``OPU`` with the vocabulary of lightonml, on an emulated unit that takes time and energy, and has noise.

``transform`` gives intensities as the camera counts them, ``linear_transform`` linear projections. What no device
could show is refused. NOT here: two-dimensional fits, packed bits and decoders.

Source: lightonml's public documentation, for names and their meaning.
"""

import threading
from importlib.metadata import version
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emulator.adapters.lightonml.context_array import ContextArray, context_of
from emulator.adapters.lightonml.encoders import (
    BinaryThresholdEncoder,
    Encoder,
    SeparatedBitPlanEncoder,
    encoder_of,
)
from emulator.adapters.rescaling import Rescale, output_factor
from emulator.adapters.session import (
    LinearMode,
    OpuSession,
    as_config,
    checked_budget,
    checked_host,
    with_intensities,
    with_projections,
)
from emulator.arguments import checked_array, checked_flag, checked_whole
from emulator.errors import CommandError, ConfigError
from emulator.instruments.host.config import HostConfig
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import OpuDesign
from emulator.physics.opu.holography import Mode

__all__ = ["OPU"]

Singles = NDArray[np.float32]


class OPU:
    """Multiply by a fixed random complex matrix with emulated light; open from the start.

    ``n_components`` outputs, of up to ``max_n_features`` inputs. ``config`` is a preset's name or a configuration,
    whose frame rate is kept where the camera's region allows it; ``recovery`` is how ``linear_transform`` reads the
    camera; ``rescale`` applies to it alone. ``seed`` fixes the matrix and the noise, ``host`` the computer. Raises
    ``ConfigError`` for what no such device can do, and names the limit. Use it in ``with``, or ``close`` it, to
    free the matrix.
    """

    def __init__(
        self,
        n_components: int = 200_000,
        *,
        max_n_features: int = 1000,
        simulated: bool = True,
        rescale: Rescale = "variance",
        config: OpuConfig | str = "opu_gen2",
        recovery: LinearMode = "off_axis",
        seed: int = 0,
        host: HostConfig | None = None,
    ) -> None:
        if not checked_flag("OPU: simulated", simulated):
            raise ConfigError("OPU: simulated=False asks for a device, and none is here; allowed: True")
        self._config = as_config(config)
        dmd = self._config.dmd
        self.n_components = checked_whole("OPU: n_components", n_components, 1)
        self.max_n_features = checked_whole(
            f"OPU: with {dmd.rows} x {dmd.columns} mirrors, max_n_features",
            max_n_features,
            1,
            dmd.rows * dmd.columns,
        )
        self.rescale: Rescale = rescale
        self._recovery: LinearMode = recovery
        self._seed = checked_whole("OPU: seed", seed, 0)
        self._host = checked_host(host)
        self._n_features: int | None = None
        self._lit_share: float | None = None
        self._online = False
        self._sessions: dict[tuple[Mode, int | None], OpuSession] = {}
        self._is_open = True
        self._turn = threading.RLock()
        self._vectors = 0
        self.seconds = 0.0
        """Emulated seconds of all calls so far."""
        self.joules = 0.0
        """Joules of unit and host in that time."""
        with_projections(self._config, recovery, "binary")
        output_factor(rescale, OpuDesign(1, 1))
        checked_budget(with_intensities(self._config), self._host, OpuDesign(1, n_components))

    @property
    def n_features(self) -> int:
        """Return the inputs that the OPU was fitted to; raises ``CommandError`` before ``fit1d``."""
        if self._n_features is None:
            raise CommandError("OPU: it is not fitted; call fit1d(X) or fit1d(n_features=...) first")
        return self._n_features

    def fit1d(
        self,
        X: ArrayLike | None = None,  # noqa: N803
        n_features: int | None = None,
        online: bool = False,
    ) -> Self:
        """Take the size of vectors from ``X`` (samples, features) or from ``n_features``.

        With binary vectors the exposure is made right for the brightest one, as light grows with the ones; without,
        for a vector of ones only. ``online`` is for vectors that come one by one: no call sets up an acquisition.
        Raises ``CommandError`` unless exactly one of the two is given, and for more
        features than ``max_n_features``.
        """
        if (X is None) == (n_features is None):
            raise CommandError("OPU.fit1d: give either X or n_features")
        checked_flag("OPU.fit1d: online", online, error=CommandError)
        lit_share = None
        if X is not None:
            x = _table(X, "fit1d")
            n_features = x.shape[1]
            if x.size and _is_binary(x).all():
                lit_share = max(1, int(np.count_nonzero(x, axis=1).max())) / n_features
        n_features = checked_whole("OPU.fit1d: n_features", n_features, 1, error=CommandError)
        if n_features > self.max_n_features:
            raise CommandError(
                f"OPU.fit1d: {n_features} features; allowed are 1..{self.max_n_features}, or a larger "
                f"max_n_features, up to {self._config.dmd.rows * self._config.dmd.columns}"
            )
        with self._turn:
            self._n_features, self._lit_share, self._online = n_features, lit_share, online
            self._sessions.clear()
        return self

    def transform(
        self,
        X: ArrayLike,  # noqa: N803
        encoder_cls: BinaryThresholdEncoder | type[BinaryThresholdEncoder] | None = None,
    ) -> ContextArray:
        """Return the intensities |T x|^2 of ``X`` (samples, features) or (features,), as counts of the camera.

        They are uint8 with a ``context``; float32 and unrounded when the configuration's camera has no noise. X is
        binary, or becomes so by ``encoder_cls``. Raises ``CommandError`` for anything else, and before ``fit1d``.
        """
        encoder = encoder_of(encoder_cls)
        if isinstance(encoder, SeparatedBitPlanEncoder):
            raise CommandError(
                "OPU.transform: intensities of bit planes cannot be added up; allowed: binary X or "
                "encoder_cls=BinaryThresholdEncoder(threshold), or linear_transform"
            )
        with self._turn:
            x, one = self._vectors_of(X, encoder, "transform")
            return self._result(
                self._session("intensity"), x, one, float(np.count_nonzero(x)) / max(1, len(x))
            )

    def linear_transform(
        self,
        X: ArrayLike,  # noqa: N803
        encoder_cls: Encoder | type[Encoder] | None = None,
    ) -> ContextArray:
        """Return the rescaled linear projections of ``X`` (samples, features) or (features,), float32.

        X is binary, or any finite numbers with ``encoder_cls=SeparatedBitPlanEncoder(precision)``, which shows two
        patterns a bit. Off axis and with stepped phases it is Re(T x), with an anchor the projection onto the
        anchor's phase. Raises ``CommandError`` for anything else, and before ``fit1d``.
        """
        encoder = encoder_of(encoder_cls)
        with self._turn:
            x, one = self._vectors_of(X, encoder, "linear_transform")
            if isinstance(encoder, SeparatedBitPlanEncoder):
                return self._result(self._session(self._recovery, encoder.precision), x, one, None)
            session = self._session(self._recovery)
            return self._result(session, x, one, float(np.count_nonzero(x)) / max(1, len(x)))

    def fit_transform1d(
        self,
        X: ArrayLike,  # noqa: N803
        encoder_cls: BinaryThresholdEncoder | type[BinaryThresholdEncoder] | None = None,
    ) -> ContextArray:
        """Fit to ``X`` as it will be shown, and return its ``transform``."""
        encoder = encoder_of(encoder_cls)
        with self._turn:
            if isinstance(encoder, BinaryThresholdEncoder):
                return self.fit1d(encoder.fit_transform(_table(X, "fit_transform1d"))).transform(X, encoder)
            return self.fit1d(X).transform(X, encoder_cls)

    def open(self) -> None:
        """Let the OPU project; it is open when it is made."""
        self._is_open = True

    def close(self) -> None:
        """Free the matrix; after ``open`` the same one is drawn again."""
        with self._turn:
            self._is_open = False
            self._sessions.clear()

    def version(self) -> str:
        """Return what this is, in one line."""
        name = self._config.preset or "a configuration of its own"
        return f"Lightloop {version('lightloop')}, emulated OPU ({name})"

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy is made from: another OPU with the same matrix, which has spent nothing yet."""
        return {
            **self.__dict__, "_sessions": {}, "_vectors": 0, "seconds": 0.0, "joules": 0.0, "_turn": None
        }  # fmt: skip

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what a copy is made from, and turns of its own."""
        self.__dict__.update(state)
        self._turn = threading.RLock()

    def _vectors_of(self, X: ArrayLike, encoder: Encoder | None, where: str) -> tuple[Singles, bool]:  # noqa: N803
        """Return ``X`` as float32 (samples, features), and whether it was a single vector."""
        if not self._is_open:
            raise CommandError(f"OPU.{where}: the OPU is closed; call open() first, or use it in `with`")
        x = _table(X, where)
        if x.shape[1] != self.n_features:
            raise CommandError(
                f"OPU.{where}: vectors of {x.shape[1]} features; the OPU was fitted to {self.n_features}"
            )
        if isinstance(encoder, BinaryThresholdEncoder):
            return encoder.encode(x), np.ndim(X) == 1
        if encoder is None:
            _refuse_unless_binary(x, where)
        return x.astype(np.float32), np.ndim(X) == 1

    def _session(self, mode: Mode, precision: int | None = None) -> OpuSession:
        """Return the unit for ``mode`` and bit planes, the first time a new one with the same matrix."""
        session = self._sessions.get((mode, precision))
        if session is None:
            if mode == "intensity":
                config = with_intensities(self._config, self._lit_share)
            elif precision is not None:
                config = with_projections(self._config, mode, "bitplanes", precision)
            else:
                config = with_projections(self._config, mode, "binary", lit_share=self._lit_share)
            if self._online:
                config = config.model_copy(update={"acquisition": "online"})
            design = OpuDesign(self.n_features, self.n_components)
            session = OpuSession(config, design, self._seed, self._host)
            self._sessions[mode, precision] = session
        return session

    def _result(self, session: OpuSession, x: Singles, one: bool, ones: float | None) -> ContextArray:
        exchange = session.project(x, self._vectors)
        context = context_of(session, exchange, self.seconds, ones)
        self._vectors += len(x)
        self.seconds += exchange.elapsed_s
        self.joules += exchange.energy_j
        if session.config.recovery.mode == "intensity":
            values = exchange.outputs.astype(np.uint8 if session.config.camera.noise else np.float32)
        else:
            values = exchange.outputs * output_factor(self.rescale, session.design)
        return ContextArray(values[0] if one else values, context)


def _table(X: ArrayLike, where: str) -> NDArray[Any]:  # noqa: N803
    """Return ``X`` as (samples, features); raises ``CommandError`` unless it holds finite real numbers."""
    allowed = "real numbers or booleans, (features,) or (samples, features)"
    x = checked_array(f"OPU.{where}: X", X, allowed, error=CommandError)
    if x.ndim not in {1, 2} or x.shape[-1] == 0:
        raise CommandError(f"OPU.{where}: X has shape {x.shape} and type {x.dtype}; allowed: {allowed}")
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        raise CommandError(f"OPU.{where}: X has numbers that are not finite; allowed are finite ones")
    return x[np.newaxis] if x.ndim == 1 else x


def _is_binary(x: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray((x == 0) | (x == 1))


def _refuse_unless_binary(x: NDArray[Any], where: str) -> None:
    binary = _is_binary(x)
    if not binary.all():
        row, column = (int(i) for i in np.argwhere(~binary)[0])
        planes = ", or encoder_cls=SeparatedBitPlanEncoder(precision)" if where == "linear_transform" else ""
        raise CommandError(
            f"OPU.{where}: X[{row}, {column}] is {x[row, column]:g}, but mirrors are on or off; allowed: 0 and 1, "
            f"or encoder_cls=BinaryThresholdEncoder(threshold){planes}"
        )
