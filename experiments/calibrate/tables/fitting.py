"""Fit a preset to a table of measured calls, and judge it by calls that the fit has not seen.

Logarithms of times are fitted, so that relative errors count alike, and large ones less (soft L1: B. Triggs et al.,
Bundle Adjustment, 2000). Powers are the mean of joules over seconds where a call is long enough to be sampled.
"""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from emulator.config.models import build
from emulator.errors import ConfigError, nearest
from emulator.streams import stream
from experiments.calibrate.tables.paces import PACES, Pace
from experiments.calibrate.tables.rows import Row, read_rows
from experiments.calibrate.verdict import MAX_ERROR, refuse_max_error, why_no_fit

__all__ = ["LONG_S", "PresetFit", "PresetNumber", "fit_preset"]

Floats = NDArray[np.float64]

LONG_S: Final = 5e-3
"""Calls longer than that are judged by themselves, too: start-up costs are small there."""

_SAMPLED_S: Final = 0.1
"""Calls at least as long have a power; what samples it every second or so misses shorter ones."""

_LEAST: Final = 1e-12
_SLOWEST_HZ: Final = 1e-3  # a beat of 1,000 s; some thousand slower ones would end beyond the range of time
_SCALE: Final = 0.1  # relative error beyond which a call counts less than squared
_STEP: Final = 1.1  # by how much a number is moved to see whether any call depends on it
_SEEN: Final = 1e-9


@dataclass(frozen=True, slots=True)
class PresetNumber:
    """A number of a preset as it was and as fitted; None where the calls say nothing of it, and it stays."""

    path: str
    recorded: float | None
    fitted: float | None


@dataclass(frozen=True)
class PresetFit:
    """Say how well a preset predicts calls before and after a fit to others.

    ``mape_before`` and ``mape_after`` are mean absolute relative errors of the ``held_out`` calls, as fractions;
    ``long_mape_before`` and ``long_mape_after`` those of the ``long_held_out`` ones of more than 5 ms, None where
    there are none. ``left_out`` rows told too little. ``power_calls`` are those of 0.1 s or more that told joules.
    ``no_fit`` says why this is none.
    """

    preset: str
    measured: str
    measured_digest: str
    fitted_calls: int
    left_out: int
    held_out: int
    long_held_out: int
    numbers: tuple[PresetNumber, ...]
    power_calls: int
    mape_before: float
    mape_after: float
    long_mape_before: float | None
    long_mape_after: float | None
    no_fit: str


def fit_preset(
    preset: tuple[str, str],
    measured: Path,
    holdout: Path | None = None,
    hold: Sequence[str] = (),
    seed: int = 0,
    max_error: float = MAX_ERROR,
) -> PresetFit:
    """Fit the ``preset``, a kind and a name, to the calls in ``measured``, and judge it by those in ``holdout``.

    Without ``holdout`` half of the calls are held out, drawn by ``seed``. ``hold`` are numbers that stay. Raises
    ``ConfigError`` for an unknown preset or number, and for files that are none or too small.
    """
    kind, name = preset
    if kind not in PACES:
        raise ConfigError(f"calibrate: preset kind {kind[:40]!r} is refused; allowed: {', '.join(PACES)}")
    refuse_max_error(max_error)
    pace = PACES[kind]
    config = build(pace.config, {"preset": name}, f"preset {kind}/{name}")
    limits = _free(pace.limits(config), hold)
    rows, left_out = read_rows(measured)
    others, others_left_out = read_rows(holdout) if holdout is not None else (None, 0)
    train, test = _shared_out(rows, others, seed, measured)
    found = _fitted(pace, config, limits, train)
    after = pace.with_numbers(config, found)
    lasted = np.array([row.seconds for row in test])
    before_s, after_s = (np.array(pace.predict(one, test)) for one in (config, after))
    long = lasted > LONG_S
    power_w, power_calls = _power(pace, train)
    fitted = {**found, **power_w}
    return PresetFit(
        preset=f"{kind}/{name}",
        measured=str(measured),
        measured_digest=hashlib.blake2b(measured.read_bytes(), digest_size=16).hexdigest(),
        fitted_calls=len(train),
        left_out=left_out + others_left_out,
        held_out=len(test),
        long_held_out=int(long.sum()),
        numbers=tuple(
            PresetNumber(path, _value(config, path), fitted.get(path))
            for path in (*pace.limits(config), *((pace.power,) if pace.power else ()))
        ),
        power_calls=power_calls,
        mape_before=_mape(before_s, lasted),
        mape_after=_mape(after_s, lasted),
        long_mape_before=_mape(before_s[long], lasted[long]) if long.any() else None,
        long_mape_after=_mape(after_s[long], lasted[long]) if long.any() else None,
        no_fit=why_no_fit(before_s, after_s, lasted, max_error, seed),
    )


def _free(limits: Mapping[str, float], hold: Sequence[str]) -> dict[str, float]:
    """Return ``limits`` without the numbers in ``hold``; raise ``ConfigError`` for one that is not there."""
    for path in hold:
        if path not in limits:
            hint = nearest(path, limits)
            raise ConfigError(
                f"calibrate: {path[:60]!r} cannot be held; fitted are {', '.join(limits)}; {hint}".rstrip(
                    "; "
                )
            )
    return {path: most for path, most in limits.items() if path not in hold}


def _shared_out(
    rows: tuple[Row, ...], others: tuple[Row, ...] | None, seed: int, path: Path
) -> tuple[list[Row], list[Row]]:
    """Return the calls to fit and those to judge by; raise ``ConfigError`` where either are too few."""
    if others is not None:
        return list(rows), list(others)
    if len(rows) < 2:
        raise ConfigError(
            f"{path}: one call cannot be fitted and held out; allowed: 2 calls or more, or --holdout"
        )
    order = stream(seed, "calibrate/halves").permutation(len(rows)).tolist()
    cut = (len(rows) + 1) // 2
    return [rows[at] for at in sorted(order[:cut])], [rows[at] for at in sorted(order[cut:])]


def _fitted(pace: Pace, config: Any, limits: Mapping[str, float], rows: list[Row]) -> dict[str, float]:
    """Return the numbers of ``limits`` that explain ``rows`` best; those that no row depends on are left out."""
    lasted = np.log([row.seconds for row in rows])

    def misses(found: Mapping[str, float]) -> Floats:
        return np.asarray(np.log(pace.predict(pace.with_numbers(config, found), rows)) - lasted)

    start = {path: _start(config, path, most) for path, most in limits.items()}
    seen = [path for path, most in limits.items() if _acts(misses, start, path, most)]
    if not seen or len(rows) < len(seen):
        raise ConfigError(
            f"calibrate: {len(rows)} calls do not determine {', '.join(seen or limits)}; hold some"
        )
    most = np.log([limits[path] for path in seen])
    least = np.log([_SLOWEST_HZ if path.endswith("_hz") else _LEAST for path in seen])
    begun = np.clip([math.log(start[path]) for path in seen], least + _SEEN, most - _SEEN)
    best = least_squares(
        lambda logs: misses(dict(zip(seen, np.exp(logs).tolist(), strict=True))),
        begun,
        bounds=(least, most),
        loss="soft_l1",
        f_scale=_SCALE,
        diff_step=1e-4,
    )
    return dict(zip(seen, np.exp(best.x).tolist(), strict=True))


def _start(config: Any, path: str, most: float) -> float:
    """Return where the fit of the number at ``path`` begins; one that is not given begins at its limit."""
    value = _value(config, path)
    return most if value is None else min(most, max(value, _LEAST))


def _acts(
    misses: Callable[[Mapping[str, float]], Floats], start: Mapping[str, float], path: str, most: float
) -> bool:
    moved = start[path] * _STEP if start[path] * _STEP <= most else start[path] / _STEP
    return bool(np.abs(misses({**start, path: moved}) - misses(start)).max() > _SEEN)


def _power(pace: Pace, rows: list[Row]) -> tuple[dict[str, float], int]:
    """Return the power of long calls, and how many told it."""
    drawn = [row.joules / row.seconds for row in rows if row.joules is not None and row.seconds >= _SAMPLED_S]
    return ({pace.power: float(np.mean(drawn))} if drawn and pace.power else {}), len(drawn)


def _value(config: Any, path: str) -> float | None:
    value = config
    for name in path.split("."):
        value = getattr(value, name)
    return None if value is None else float(value)


def _mape(predicted_s: Floats, lasted_s: Floats) -> float:
    return float(np.mean(np.abs(predicted_s - lasted_s) / lasted_s))
