"""Serving a study: its bench is built as for a run, clients take its controller's place, and a trace is written."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from itertools import count
from pathlib import Path
from socket import socket
from typing import Any, Final, Literal, NamedTuple, Protocol

from controllers.own import OwnOptions, own_kind
from emulator.agents.result import RunResult
from emulator.bench import Observer
from emulator.bench_config import BudgetConfig, ClockConfig
from emulator.clock import PacedClock
from emulator.errors import ConfigError
from emulator.remote.control.control import CONTROL_LIMITS
from emulator.remote.server.door import LOOPBACK, Door, Host, bound
from emulator.remote.server.limits import Limits
from emulator.remote.server.pacing import DEADLINE_S, Asap, Pace, RealTime, Stepped
from emulator.remote.server.service import Service
from emulator.trace.writing.journal import journal_path
from emulator.units import format_si
from experiments.run.bench import make_bench, recorder_of
from experiments.run.launch import check_out
from experiments.run.own.own import refuse_absent
from experiments.run.prepare import Prepared, prepare, recorded
from experiments.run.run import others_of, program_of, watch_of
from experiments.run.study import Study, type_of
from experiments.run.watching.watch import samples_of
from experiments.serve.operators import control_of, new_token
from experiments.serve.warming import long_lived, warm_up
from experiments.tasks.pretraining import reproducible

__all__ = ["CLIENTS", "Address", "Announce", "Paced", "Served", "default_out", "serve_study", "with_clients"]

CLIENTS: Final = "clients on a wire"
"""What a trace says in the place of its controller's name."""

_DIVERGED: Final = 3
_EVERY_QUERIES: Final = 1000  # assumed: clients say nothing of how many queries they will make


class Announce(Protocol):
    """Say a line at once; a caution goes elsewhere."""

    def __call__(self, line: str, caution: bool = False) -> None:
        """Say it."""


class Address(NamedTuple):
    """Say where to listen."""

    host: str = LOOPBACK
    port: int = 0


class Paced(NamedTuple):
    """Say how emulated time passes; ``factor`` is the wall seconds per emulated second, in real time."""

    name: Literal["asap", "realtime", "stepped"] = "asap"
    factor: float = 1.0

    def pace(self) -> Pace:
        """Return the pace."""
        makers: dict[str, Callable[[], Pace]] = {
            "asap": Asap,
            "stepped": Stepped,
            "realtime": partial(RealTime, self.factor),
        }
        return makers[self.name]()


@dataclass(frozen=True, slots=True)
class Served:
    """Hold how the run ended: 0 when it was told to, or a budget is spent; 3: it diverged."""

    result: RunResult
    clients: int
    overruns: int
    exit_code: int

    @property
    def text(self) -> str:
        """Return in a line what it came to."""
        result = self.result
        time, energy = format_si(result.elapsed_s, "s"), format_si(result.energy_j, "J")
        why = f" ({result.reason})" if result.reason else ""
        late = f", {self.overruns:,} overruns" if self.overruns else ""
        return (
            f"{result.status}{why}: {self.clients} clients, {result.queries:,} queries, {time} and {energy} of the "
            f"bench{late}"
        )


def default_out(study: str) -> Path:
    """Return the first free place for a trace of ``study`` that was served."""
    stem = Path(study).name.removesuffix(".toml")
    paths = (Path("out") / f"{stem}-served-{number}.h5" for number in count(1))
    return next(path for path in paths if not path.exists() and not journal_path(path).exists())


def with_clients(study: Study) -> Study:
    """Return ``study`` as one that says what runs: clients in the place of its controller.

    Settings of the controller are not theirs, how many samples it takes at once apart, from which sizes follow.
    """
    said = study.controller
    replaced = said.in_place_of if isinstance(said, OwnOptions) else said.kind
    options: dict[str, Any] = {"name": CLIENTS, "in_place_of": replaced}
    if hasattr(said, "batch_size"):
        options["batch_size"] = said.batch_size
    wanted = type_of(own_kind(replaced))
    sections = {name: getattr(study, name) for name in wanted.model_fields}
    return wanted(**(sections | {"controller": OwnOptions.model_validate(options)}))


def serve_study(
    study: Study, out: Path, address: Address, paced: Paced, announce: Announce, control: int | None = None
) -> Served:
    """Serve the bench of ``study`` until a signal or a budget ends it, and write its trace to ``out``.

    Operators come to the port ``control`` of this machine (0: any) with the token that is announced; None: nobody.
    Raises ``LightloopError`` on bad input, before anything is written.
    """
    refuse_absent(study)
    if study.guard.enabled:
        raise ConfigError(
            "guard.enabled = true is refused by serve: the guard watches the study's own controller, and clients "
            "take its place; allowed: false"
        )
    check_out(out)
    limits = Limits()
    with reproducible():
        prepared = prepare(study)
        program = program_of(study, prepared)
        served = with_clients(study)
        unheard = study.model_copy(update={"clock": ClockConfig(), "budget": BudgetConfig()})
        warm_up(make_bench(unheard, prepared, program.sizes, program.shows), prepared.setting)
        bench = make_bench(study, prepared, program.sizes, program.shows, clock=PacedClock())
        observers = _observers(study, prepared, program)
        program.controller.close()
        pace = paced.pace()
        service = Service(bench, identity_of(study), pace, limits, partial(_say_late, announce))
        ways = [_Way(service, limits, bound(address.host, address.port), "listening on {}:{}")]
        if control is not None:
            token = new_token()
            operators = control_of(service, bench, study.seed, token)
            said = f"control on {{}}:{{}}, token {token}"
            ways.append(_Way(operators, CONTROL_LIMITS, bound(LOOPBACK, control), said))
        bench.attach(recorder_of(recorded(served, prepared), out))
        try:
            for counted, samples in samples_of(prepared.task).items():
                bench.log(counted, samples)
            service.open(agents=others_of(study, bench), observers=observers)
            with long_lived():
                result = asyncio.run(_served(service, ways, announce))
        except BaseException:
            bench.fail()
            raise
    return Served(result, service.served, service.overruns, _DIVERGED if result.status == "diverged" else 0)


def _say_late(announce: Announce) -> None:
    announce(
        "this machine does not keep the pace: an instant was processed more than "
        f"{format_si(DEADLINE_S, 's')} late; overruns are counted, and this is said once",
        caution=True,
    )


def identity_of(study: Study) -> str:
    """Return what *IDN? answers: maker, model, serial number and version."""
    standing = "+".join((*study.standing(), "host"))
    return f"Lightloop,{standing},{study.seed},{version('lightloop')}"


def _observers(study: Study, prepared: Prepared, program: Any) -> list[Observer]:
    """Return who watches: a chip is judged as it is driven; a network that a client trains is the client's own."""
    if prepared.model is not None:
        return []
    watch = watch_of(study, prepared, program)
    watch.every_queries = study.evaluation.every_queries or _EVERY_QUERIES
    return [watch]


class _Way(NamedTuple):
    """Hold who is behind a door, what it bears, where it listens, and what is announced of it."""

    host: Host
    limits: Limits
    listener: socket
    said: str


async def _served(service: Service, ways: Sequence[_Way], announce: Announce) -> RunResult:
    """Listen until a signal, or the end of the run; return the result."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    reasons: list[str] = []

    def stop(number: signal.Signals) -> None:
        reasons.append(f"{number.name} received")
        over.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    doors = [Door(way.host, way.limits, over.set) for way in ways]
    try:
        for door, way in zip(doors, ways, strict=True):
            await door.open(way.listener)
        for way in ways:
            announce(way.said.format(*way.listener.getsockname()[:2]))
        await over.wait()
    finally:
        for door in doors:
            await door.close()
    return service.close(reasons[0] if reasons else "")
