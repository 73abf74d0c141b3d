"""A bench with one optical processing unit, for callers who are no agents: vectors in, numbers and their cost out.

Every face in this package projects through it. Nothing is recorded here, and nothing else stands on the bench; who
wants a trace, a second instrument or overlapping work writes an agent.
"""

import threading
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.arguments import checked_kind, checked_whole, shown
from emulator.bench import Bench
from emulator.commands import FrameCounts, Project, Projection
from emulator.config.models import build, merge
from emulator.errors import CommandError, ConfigError, PhysicsError, nearest
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Stand
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import FrameBudget, OpuDesign, frame_budget
from emulator.units import ps_to_s

__all__ = [
    "LINEAR_MODES",
    "Exchange",
    "LinearMode",
    "OpuSession",
    "as_config",
    "checked_budget",
    "checked_design",
    "checked_host",
    "with_intensities",
    "with_projections",
    "without_noise",
]

LinearMode = Literal["off_axis", "phase_shifting", "anchor"]
LINEAR_MODES: tuple[LinearMode, ...] = ("off_axis", "phase_shifting", "anchor")
"""The ways to recover a linear projection from intensities."""

_NO_FRAMES = FrameCounts(0, 0, 0, 0, 0, 0, 0)


class Exchange(NamedTuple):
    """Hold what one call brought, ``outputs`` (n, outputs), and the emulated time and energy that it cost."""

    outputs: NDArray[Any]
    frames: FrameCounts
    saturated: int
    elapsed_s: float
    energy_j: float


class OpuSession:
    """Project vectors with a unit of one's own; its clock stands still between calls.

    ``seed`` fixes the medium and the noise. A copy, also one that was pickled, is another unit: it has the same
    medium, its clock begins at 0, and its noise begins anew. Threads take turns: calls do not overlap, and what one
    cost is counted once. Raises ``ConfigError`` when the unit cannot be built.
    """

    def __init__(
        self, config: OpuConfig, design: OpuDesign, seed: int = 0, host: HostConfig | None = None
    ) -> None:
        self.config = checked_kind(
            "OpuSession: config", config, OpuConfig, "an OpuConfig, as lightloop.opu returns"
        )
        self.design = checked_design(design)
        self.seed = checked_whole("OPU: seed", seed, 0)
        self.host = checked_host(host)
        self.budget: FrameBudget = checked_budget(config, self.host, design)
        self._bench: Bench | None = self._build()
        self._turn = threading.RLock()

    def project(self, vectors: NDArray[np.float32], number: int | None = None) -> Exchange:
        """Project ``vectors`` (n, features), float32, and let the time pass that it takes.

        Every vector of a unit has a number, which picks its noise; ``number`` is that of the first one, and None
        counts on from the call before. Raises ``CommandError`` for another shape, a value that the encoding cannot
        show, and frames that were lost in every attempt.
        """
        with self._turn:
            return self._project(vectors, number)

    def _project(self, vectors: NDArray[np.float32], number: int | None) -> Exchange:
        bench = self._bench = self._bench or self._build()
        number = (
            None
            if number is None
            else checked_whole("OpuSession.project: number", number, 0, None, CommandError)
        )
        if not isinstance(vectors, np.ndarray):
            raise CommandError(
                f"OpuSession.project: vectors = {shown(vectors)}; allowed: a NumPy array of float32"
            )
        if vectors.shape == (0, self.design.features):
            empty = np.empty((0, self.design.outputs), dtype=np.float32)
            return Exchange(empty, _NO_FRAMES, 0, 0.0, 0.0)
        began_ps, began_j = bench.now_ps, bench.energy_j
        reply = bench.ask(Project(vectors, number))
        if not isinstance(reply, Projection):
            raise CommandError(f"OPU: the bench replied {type(reply).__name__}, must be a Projection")
        lost = int((~reply.valid).sum())
        if lost:
            raise CommandError(
                f"OPU: {lost} of {len(vectors)} vectors lost frames in each of {self.config.retries + 1} attempts; "
                "allowed: more retries, or smaller camera.missed_probability and dmd.torn_probability"
            )
        return Exchange(
            reply.outputs,
            reply.frames,
            reply.saturated,
            ps_to_s(bench.now_ps - began_ps),
            bench.energy_j - began_j,
        )

    @property
    def seconds(self) -> float:
        """Return the emulated time of all calls so far, in seconds."""
        with self._turn:
            return 0.0 if self._bench is None else ps_to_s(self._bench.now_ps)

    @property
    def joules(self) -> float:
        """Return the energy of the unit and its host in that time, in joules."""
        with self._turn:
            return 0.0 if self._bench is None else self._bench.energy_j

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy is made from; a bench holds running processes, which cannot be copied."""
        return {**self.__dict__, "_bench": None, "_turn": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what a copy is made from, and turns of its own."""
        self.__dict__.update(state)
        self._turn = threading.RLock()

    def _build(self) -> Bench:
        try:
            lab = {"opu": Stand(self.config, self.design), "host": Stand(self.host)}
            return Bench(lab, self.seed)
        except PhysicsError as error:
            raise ConfigError(f"OPU: {error}") from error


def checked_design(design: OpuDesign) -> OpuDesign:
    """Return ``design``; raises ``ConfigError`` for what is none, and for sizes that are no whole numbers >= 1."""
    checked_kind("OPU: design", design, OpuDesign, "an OpuDesign(features, outputs)")
    checked_whole("OPU: features", design.features, 1)
    checked_whole("OPU: outputs", design.outputs, 1)
    return design


def checked_host(host: HostConfig | None) -> HostConfig:
    """Return ``host``, None standing for the defaults; raises ``ConfigError`` for what is none."""
    if host is None:
        return HostConfig()
    return checked_kind("OPU: host", host, HostConfig, "a HostConfig, as lightloop.host returns, or None")


def checked_budget(config: OpuConfig, host: HostConfig, design: OpuDesign) -> FrameBudget:
    """Return what a frame takes; raises ``ConfigError`` when the camera cannot hold or reach what is asked for."""
    try:
        return frame_budget(config, host, design)
    except PhysicsError as error:
        raise ConfigError(f"OPU: {error}") from error


def as_config(config: OpuConfig | str) -> OpuConfig:
    """Return ``config``, or the preset of that name; its frame rate becomes a limit.

    So a region of interest that takes longer to read slows the camera down instead of being refused. Raises
    ``ConfigError`` when there is no such preset.
    """
    given = build(OpuConfig, {"preset": config}, "OPU") if isinstance(config, str) else config
    checked_kind(
        "OPU: config", given, OpuConfig, "the name of a preset, or an OpuConfig as lightloop.opu returns"
    )
    rate_hz = given.camera.frame_rate_hz
    if rate_hz is None:
        return given
    return _changed(given, {"camera": {"frame_rate_hz": None, "rate_limit_hz": rate_hz}})


def without_noise(config: OpuConfig) -> OpuConfig:
    """Return ``config`` with a camera that reads light exactly."""
    return _changed(config, {"camera": {"noise": False}})


def with_intensities(config: OpuConfig, lit_share: float | None = None) -> OpuConfig:
    """Return ``config`` for the intensities of binary vectors.

    ``lit_share``, (0, 1], is the share of ones in the brightest vector, for which the exposure is made right.
    """
    return _changed(
        config, {"recovery": {"mode": "intensity"}, "dmd": {"encoding": "binary"}, **_exposed(lit_share)}
    )


def with_projections(
    config: OpuConfig,
    mode: LinearMode,
    encoding: Literal["binary", "ternary", "bitplanes"],
    precision: int = 6,
    lit_share: float | None = None,
) -> OpuConfig:
    """Return ``config`` for linear projections recovered in ``mode``; ``lit_share`` as for intensities.

    Raises ``ConfigError`` for an unknown mode, and for ``precision`` outside 1..16.
    """
    if not isinstance(mode, str) or mode not in LINEAR_MODES:
        hint = nearest(str(mode), LINEAR_MODES)
        raise ConfigError(
            f"OPU: recovery={mode!r} gives no linear projection; allowed: {', '.join(LINEAR_MODES)}"
            f"{hint and f'; {hint}'}"
        )
    dmd = {"encoding": encoding, "precision": precision}
    return _changed(config, {"recovery": {"mode": mode}, "dmd": dmd, **_exposed(lit_share)})


def _exposed(lit_share: float | None) -> dict[str, object]:
    return {} if lit_share is None else {"camera": {"lit_max": lit_share}}


def _changed(config: OpuConfig, over: dict[str, object]) -> OpuConfig:
    """Return ``config`` overlaid by ``over`` and validated as a whole."""
    return build(OpuConfig, merge(config.model_dump(), over), "OPU")
