"""A controller made of somebody else's optimiser: whatever can be asked for phases and told their loss.

A generation of candidates is read on one mini-batch, by default in one Sequence without an answer in between, and
the optimiser is told the losses of all. After each the incumbent is named: the optimiser's mean where it has one,
else the candidate of least loss so far. Candidates scatter around what an optimiser believes in, so that what
happens to be driven when somebody looks is no measure of the search.

What this module does not know: optimisers. They are recognised by what they have (``ask_tell`` says how).
"""

import math
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from controllers.kind import Setting
from controllers.losses import loss_for
from controllers.phases import wrapped
from controllers.reading import outputs_at
from emulator.commands import (
    Batch,
    Command,
    Compute,
    Controller,
    Incumbent,
    Log,
    SetPhases,
    Settle,
    Spending,
    Spent,
)
from emulator.errors import CommandError, ConfigError

__all__ = ["ask_tell", "separable_flops"]

Floats = NDArray[np.float64]
Loss = Callable[[Floats, NDArray[Any]], float]
Work = Callable[[int, int], int]

_FLOPS_PER_PHASE: Final = 20
"""Operations on a phase of a candidate in a separable strategy: a normal draw 10, scaled and shifted 3, taken apart
again 2, weighed into mean 2 and variance 3."""

_BYTES_PER_PHASE: Final = 48
"""Bytes moved for it: draw, candidate and deviation are written and read once each, 8 bytes a number."""


_ACTIVITY: Final = "optimise"

_QUERIES: Final = 20_000
"""Readings at most where neither the caller nor a budget says how many."""


def separable_flops(phases: int, candidates: int) -> int:
    """Return the operations that a separable evolution strategy spends on a generation."""
    return _FLOPS_PER_PHASE * phases * candidates


@dataclass(frozen=True, slots=True)
class _Options:
    """Hold the options of ``ask_tell``."""

    queries: int | None
    batch_size: int | None
    population: int | None
    loop: Literal["sequencer", "host"]
    span_rad: float
    loss: Loss | None
    flops: Work

    def check(self) -> None:
        """Raise ``ConfigError`` for a number that cannot be."""
        for name, least in (("queries", 1), ("batch_size", 1), ("population", 1)):
            value = getattr(self, name)
            if value is None or (type(value) is int and value >= least):
                continue
            raise ConfigError(
                f"ask_tell: {name}={value!r} is not allowed; allowed: a whole number >= {least}"
            )
        if self.loop not in {"sequencer", "host"}:
            raise ConfigError(f"ask_tell: loop={self.loop!r} is not allowed; allowed: 'sequencer', 'host'")
        if not isinstance(self.span_rad, int | float) or not 0.0 < self.span_rad < math.inf:
            raise ConfigError(f"ask_tell: span_rad={self.span_rad!r} is not allowed; allowed: radians > 0")


def ask_tell(
    optimiser: Any,
    *,
    queries: int | None = None,
    batch_size: int | None = 32,
    population: int | None = None,
    loop: Literal["sequencer", "host"] = "sequencer",
    span_rad: float = math.pi,
    loss: Loss | None = None,
    flops: Work = separable_flops,
) -> Callable[[Setting], Controller]:
    """Return a controller of one's own, a function of the setting, that does what ``optimiser`` asks for.

    Parameters
    ----------
    optimiser
        A function that makes the optimiser from the setting, such as ``lambda setting:
        cmaes.SepCMA(mean=setting.phases, sigma=0.1, seed=1)``; or an optimiser, which then serves one run. It
        minimises, and ``ask()`` returns one of these, with n active phases in radians, any number of turns:
        one candidate (n,), told by ``tell([(candidate, loss), ...])`` where there is a ``population_size``, and
        else by ``tell(candidate, loss)``; a generation, a list of candidates or (k, n), told by
        ``tell(candidates, losses)``; or a trial with ``suggest_float(name, low, high)``, as Optuna's, told by
        ``tell(trial, loss)``, which is asked for every heater within ``span_rad`` of its design phase.
    queries
        Readings at most; a generation that would exceed them is not begun. None takes what the run's budget of
        queries leaves, which ``controller.queries`` sets, and 20,000 where there is none. A generation that would
        spend that budget whole is not begun, either: nobody would hear of it. ``should_stop()``, where there is
        one, ends the search as well, and so does any other budget of the study.
    batch_size
        Samples in the mini-batch of a generation; None takes the whole training set, so that losses of different
        generations compare.
    population
        Candidates that are asked for before the first is told, where the optimiser does not say: None is 1.
    loop
        Whether a generation goes to the chip's sequencer as one Sequence, or the host asks Probe by Probe.
    span_rad
        How far from its design phase a trial may go, either way, in radians; pi is a full turn.
    loss
        The loss of outputs (samples, outputs) against the batch's targets; None is the mean cross-entropy against
        labels, and the mean squared error from values.
    flops
        The floating-point operations, of n phases and k candidates, for which the host is charged in each
        generation: 20 n k is a separable strategy's; a full covariance matrix takes about n n k, and its
        eigenvectors 10 n^3. None are charged where it gives 0.

    The controller logs ``train_loss`` (mean over a generation) and ``best_loss`` (least so far). It ends with the
    chip at the incumbent. Raises ``ConfigError`` for an option or an optimiser that cannot be, before the run
    begins; ``CommandError``, in the run, for candidates that are no phases and for what the optimiser raises.
    """
    options = _Options(queries, batch_size, population, loop, span_rad, loss, flops)
    options.check()
    if not callable(optimiser) or (_has_both(optimiser) and not isinstance(optimiser, type)):
        _refuse_unless_usable(optimiser, options)

    def controller(setting: Setting) -> Controller:
        if setting.heaters.size == 0:
            raise ConfigError("ask_tell: no heaters to tune; allowed: a study that deploys weights on a chip")
        ours = replace(setting, heaters=setting.heaters.copy(), phases=setting.phases.copy())
        size = len(setting.inputs) if batch_size is None else batch_size
        batches = setting.batches(size, "controller/batches")
        made = _made(optimiser, ours, options)
        # Most optimisers say how many they will ask for, so that a run in vain is refused before it has begun.
        count, budget = _population_size(made) or options.population or 1, setting.query_budget
        if count > (options.queries or count) or (budget is not None and count >= budget):
            raise _too_few(made, count, options)
        return _search(made, ours, options, batches)

    controller.__name__ = controller.__qualname__ = ask_tell.__name__
    return controller


def _has_both(optimiser: object) -> bool:
    return callable(getattr(optimiser, "ask", None)) and callable(getattr(optimiser, "tell", None))


def _made(optimiser: Any, setting: Setting, options: _Options) -> Any:
    """Return the optimiser, made from ``setting`` where a function makes it, and fit for use."""
    if _has_both(optimiser) and not isinstance(optimiser, type):
        return optimiser
    try:
        # What is in the setting may be changed in place, as by an optimiser that moves the mean it was given.
        made = optimiser(replace(setting, phases=setting.phases.copy()))
    except Exception as error:
        raise ConfigError(f"ask_tell: the optimiser could not be made: {_said(error)}") from error
    _refuse_unless_usable(made, options)
    return made


def _refuse_unless_usable(optimiser: Any, options: _Options) -> None:
    """Raise ``ConfigError`` for what cannot be asked and told, or maximises."""
    kind = type(optimiser).__name__
    missing = [name for name in ("ask", "tell") if not callable(getattr(optimiser, name, None))]
    if missing:
        raise ConfigError(
            f"ask_tell: {kind} has no {' and no '.join(missing)}; allowed: an object with ask() and "
            "tell(...), or a function of the setting that returns one"
        )
    ways = [str(getattr(each, "name", each)).lower() for each in getattr(optimiser, "directions", ())]
    if len(ways) > 1 or "maximize" in ways:
        raise ConfigError(f"ask_tell: {kind} goes for {', '.join(ways)}; allowed: to minimise one loss")
    size = _population_size(optimiser)
    if size is not None and options.population not in {None, size}:
        raise ConfigError(
            f"ask_tell: population={options.population} is not allowed; this {kind} is told {size} at a time"
        )


def _population_size(optimiser: Any) -> int | None:
    size = getattr(optimiser, "population_size", None)
    return (
        int(size) if isinstance(size, int | np.integer) and not isinstance(size, bool) and size > 0 else None
    )


class _Generation(NamedTuple):
    """Hold what an optimiser wants to know: its candidates as it gave them, and their phases (k, n), in radians.

    ``whole`` says that they came, and are told, as one.
    """

    given: Any
    phases: Floats
    whole: bool


def _search(optimiser: Any, setting: Setting, options: _Options, batches: Iterator[Batch]) -> Controller:
    """Ask, read and tell until the queries are spent, and leave the chip at the incumbent."""
    heaters, best, least = setting.heaters, wrapped(setting.phases), math.inf
    named, asked, batch = _believed(optimiser, best), 0, next(batches)
    yield Incumbent(named, heaters)
    while not _stops(optimiser):
        generation = _asked(optimiser, setting, options)
        count = len(generation.phases)
        if not (yield from _granted(asked, count, options)):
            if asked == 0:
                raise _too_few(optimiser, count, options)
            break
        losses = yield from _read(generation.phases, heaters, batch, options)
        asked += count
        place = int(np.argmin(losses))
        if losses[place] < least:
            least, best = losses[place], generation.phases[place]
        _tell(optimiser, generation, losses)
        flops = _called("flops", options.flops, heaters.size, count)
        if flops:
            yield Compute(flops, _BYTES_PER_PHASE * heaters.size * count, _ACTIVITY)
        named = _believed(optimiser, best)
        yield Incumbent(named, heaters)
        yield Log("train_loss", math.fsum(losses) / count)
        yield Log("best_loss", least)
        if options.batch_size is not None:
            batch = next(batches)
    yield SetPhases(heaters.tolist(), named.tolist())
    yield Settle()


def _granted(asked: int, count: int, options: _Options) -> Generator[Command, Any, bool]:
    """Return whether ``count`` readings more than ``asked`` may be asked for, and will be heard of."""
    spent: Spent = yield Spending()
    left = spent.queries_left
    most = _QUERIES if options.queries is None and left is None else options.queries
    return (most is None or asked + count <= most) and (left is None or count < left)


def _too_few(optimiser: Any, count: int, options: _Options) -> ConfigError:
    """Return the refusal of a search that may not begin."""
    takes = f"a generation of this {type(optimiser).__name__} takes {count}"
    if options.queries is not None and count > options.queries:
        return ConfigError(f"ask_tell: queries={options.queries} is not allowed; {takes}")
    return ConfigError(
        f"ask_tell: the run's budget of queries (controller.queries, budget.queries) is too small: {takes}, and "
        "the run ends when the budget is spent; allowed: one more, at least"
    )


def _read(
    phases: Floats, heaters: NDArray[np.int64], batch: Batch, options: _Options
) -> Generator[Command, Any, list[float]]:
    """Have ``phases`` (k, n) read, one setting after the other, and return their losses."""
    loss_of = options.loss or loss_for(batch.labels)
    outputs = yield from outputs_at(np.tile(heaters, (len(phases), 1)), phases, batch, options.loop)
    losses = [float(_called("loss", loss_of, each, batch.labels)) for each in outputs]
    if not all(map(math.isfinite, losses)):
        raise CommandError(f"ask_tell: loss() returned {losses}; allowed: finite numbers")
    return losses


def _asked(optimiser: Any, setting: Setting, options: _Options) -> _Generation:
    """Ask for the next generation; raise ``CommandError`` for what are no phases."""
    ask = partial(_called, f"{type(optimiser).__name__}.ask", optimiser.ask)
    first = ask()
    if isinstance(first, list | tuple | np.ndarray) and len(first) and np.ndim(first[0]) == 1:
        phases = [_phases_of(each, setting, options, optimiser) for each in first]
        return _Generation(first, wrapped(np.array(phases)), whole=True)
    count = _population_size(optimiser) or options.population or 1
    given = [first, *(ask() for _ in range(count - 1))]
    phases = [_phases_of(each, setting, options, optimiser) for each in given]
    return _Generation(given, wrapped(np.array(phases)), whole=False)


def _phases_of(candidate: Any, setting: Setting, options: _Options, optimiser: Any) -> Floats:
    """Return the phases (n,) of one candidate, a row of numbers or a trial."""
    if hasattr(candidate, "suggest_float"):
        span = options.span_rad
        rows = zip(setting.heaters.tolist(), setting.phases.tolist(), strict=True)
        found: Any = [
            _called(
                "trial.suggest_float", candidate.suggest_float, f"heater_{heater}", phase - span, phase + span
            )
            for heater, phase in rows
        ]
    else:
        found = candidate
    wanted = f"allowed: {setting.heaters.size} finite numbers, radians, one for each active heater"
    try:
        phases = np.array(found, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise CommandError(
            f"ask_tell: {type(optimiser).__name__}.ask() returned {type(candidate).__name__}, which are no "
            f"phases ({error}); {wanted}"
        ) from error
    if phases.shape != setting.heaters.shape:
        raise CommandError(
            f"ask_tell: {type(optimiser).__name__}.ask() returned numbers of shape {phases.shape}; {wanted}"
        )
    if not np.isfinite(phases).all():
        place = int(np.flatnonzero(~np.isfinite(phases))[0])
        raise CommandError(
            f"ask_tell: {type(optimiser).__name__}.ask() returned {phases[place]} as phase {place}; {wanted}"
        )
    return phases


def _tell(optimiser: Any, generation: _Generation, losses: list[float]) -> None:
    """Tell the losses in the way that goes with the candidates."""
    tell = partial(_called, f"{type(optimiser).__name__}.tell", optimiser.tell)
    if generation.whole:
        tell(generation.given, list(losses))
    elif _population_size(optimiser) is not None:
        tell(list(zip(generation.given, losses, strict=True)))
    else:
        for candidate, loss in zip(generation.given, losses, strict=True):
            tell(candidate, loss)


def _believed(optimiser: Any, best: Floats) -> Floats:
    """Return the optimiser's mean in [0, 2 pi), where it has one of finite phases, else ``best``."""
    for name in ("mean", "_mean"):
        mean = getattr(optimiser, name, None)
        if mean is None or callable(mean):
            continue
        try:
            phases = np.array(mean, dtype=np.float64)
        except (TypeError, ValueError):
            continue
        if phases.shape == best.shape and np.isfinite(phases).all():
            return wrapped(phases)
    return best


def _stops(optimiser: Any) -> bool:
    stop = getattr(optimiser, "should_stop", None)
    return bool(_called("should_stop", stop)) if callable(stop) else False


def _called(name: str, function: Callable[..., Any], *given: Any) -> Any:
    """Return what the user's ``function`` gives; raise ``CommandError`` with what it raised."""
    try:
        return function(*given)
    except Exception as error:
        raise CommandError(f"ask_tell: {name}() failed: {_said(error)}") from error


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
