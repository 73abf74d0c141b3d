"""The one place that puts the instruments of a study on a bench, and begins its trace."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from emulator.bench import Bench
from emulator.clock import PacedClock
from emulator.config.models import digest, to_toml
from emulator.errors import CommandError, ConfigError, TraceError
from emulator.instruments.chip.state import Design
from emulator.instruments.host.kind import KIND as HOST
from emulator.instruments.instrument import InstrumentKind, Lab
from emulator.instruments.registry import INSTRUMENTS
from emulator.streams import stream
from emulator.trace import AnyRecorder, Header, NullRecorder, Recorder
from emulator.units import LAST_PS, ps_to_s
from experiments.agents.kind import AgentOptions, Scene
from experiments.agents.registry import AGENTS
from experiments.run.elsewhere.traces import BENCH
from experiments.run.preflight.needs import refuse_what_cannot_stand
from experiments.run.prepare import Prepared
from experiments.run.study import Study

__all__ = ["design_of", "drawn_entries", "entries_of", "late_entries", "make_bench", "recorder_of"]

Sizes = Mapping[str, tuple[int, ...]]
_NONE: Sizes = MappingProxyType({})
_SHOWS: Mapping[str, str] = MappingProxyType({})
_ANY_UNIT = "binary"  # entries that every encoding can show


def make_bench(
    study: Study,
    prepared: Prepared,
    sizes: Sizes = _NONE,
    shows: Mapping[str, str] = _SHOWS,
    queries: int = 1,
    clock: PacedClock | None = None,
    kinds: Mapping[str, InstrumentKind] = INSTRUMENTS,
) -> Bench:
    """Build the bench of ``study``, whose network was ``prepared``; nothing is recorded before it is run.

    ``sizes`` are those of instruments that are built to the controller's measure, ``shows`` what entries they will
    be asked to show ("binary", which all can, where it says nothing), ``queries`` how many there will be; a
    ``clock`` takes the place of the study's, ``kinds`` those of instruments that are emulated here. Raises
    ``LightloopError`` for what cannot be built, would not fit in memory or in the range of time, and for an agent
    that will ask for what this bench cannot do.
    """
    refuse_what_cannot_stand(study, sizes)
    lab = {
        name: stand._replace(design=_design(name, prepared, sizes, shows)) if name != HOST.name else stand
        for name, stand in study.lab().items()
    }
    bench = Bench(lab, study.seed, study.budget, study.clock if clock is None else clock, kinds)
    _refuse_endless(study, lab, queries)
    entries_of(study, bench)
    return bench


def _refuse_endless(study: Study, lab: Lab, queries: int) -> None:
    """Raise ``ConfigError`` when ``queries``, or one if time is limited, last longer than a trace can say."""
    most = min(queries, study.budget.queries or queries) if study.budget.time_s is None else 1
    for name, stand in lab.items():
        each_s = INSTRUMENTS[name].least_s(stand, study.host)
        if most * each_s > ps_to_s(LAST_PS):
            raise ConfigError(
                f"the {name} needs {each_s:.4g} s or more for a query, and the run makes {most:,}: a trace keeps "
                f"64-bit picoseconds, which end at 106 days ({ps_to_s(LAST_PS):,.0f} s); {_what_would_fit(each_s)}"
            )


def _what_would_fit(each_s: float) -> str:
    most = int(ps_to_s(LAST_PS) / each_s)
    return f"budget.queries = {most} would fit" if most else "allowed: faster parts"


def entries_of(study: Study, bench: Bench) -> Mapping[str, AgentOptions]:
    """Return the entries that the agents of ``study`` come to on ``bench``, all drawn, by their names in the trace.

    An entry that comes to several makes as many agents: ``stuck_heater.0.1`` is the second of agents[0]. Raises
    ``ConfigError`` for what has no place here, and for the first that will ask ``bench`` for what it cannot do.
    """
    found: dict[str, AgentOptions] = {}
    hidden = bench.hidden() if study.agents else {}
    for number, options in enumerate(study.agents):
        try:
            found |= drawn_entries(
                options, str(number), bench, Scene(hidden, _chance(study.seed, str(number)))
            )
        except (CommandError, ConfigError) as error:
            raise ConfigError(f"agents[{number}]: {error}") from error
    return found


def late_entries(options: AgentOptions, name: str, seed: int, bench: Bench) -> Mapping[str, AgentOptions]:
    """Return the entries that ``options`` come to on a ``bench`` that is at work; ``name`` tells them from others.

    Raises ``ConfigError`` and ``CommandError`` for what has no place here.
    """
    return drawn_entries(options, name, bench, Scene(bench.hidden(), _chance(seed, name)))


def _chance(seed: int, name: str) -> np.random.Generator:
    return stream(seed, f"agents/{name}")


def drawn_entries(options: AgentOptions, name: str, bench: Bench, scene: Scene) -> dict[str, AgentOptions]:
    """Return the entries that ``options`` come to in a ``scene``, by their names; ``bench`` has to bear them."""
    entries = AGENTS[options.kind].resolve(options, scene)
    for entry in entries:
        for command in AGENTS[entry.kind].disturbs(entry):
            bench.check(command)
    several = len(entries) > 1 or entries[0].kind != options.kind
    return {
        f"{entry.kind}.{name}.{place}" if several else f"{entry.kind}.{name}": entry
        for place, entry in enumerate(entries)
    }


def _design(name: str, prepared: Prepared, sizes: Sizes, shows: Mapping[str, str]) -> object:
    """Return what an instrument is made for: what was taped out, or the sizes that its controller asks for."""
    kind = INSTRUMENTS[name]
    if name in sizes and kind.sized is not None:
        return kind.sized(sizes[name], shows.get(name, _ANY_UNIT))
    return design_of(prepared) if prepared.taped_out is not None else None


def design_of(prepared: Prepared) -> Design:
    """Return what a chip is made of when ``prepared`` was taped out."""
    deployment = prepared.deployment
    return Design(deployment.layers, deployment.active, deployment.feeds)


def recorder_of(study: Study, out: Path | None, alone: bool = False, elsewhere: str = "") -> AnyRecorder:
    """Begin the trace of ``study`` at ``out``, whose folder is made, or record nothing; raises ``TraceError``.

    ``alone`` says that this process runs nothing else, and may itself convert the journal at the end. Of a bench
    that stands ``elsewhere``, that is what it says of itself.
    """
    if out is None:
        return NullRecorder()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TraceError(
            f"{out.parent}: the folder cannot be made ({error.strerror}); choose another"
        ) from error
    header = Header.now(to_toml(study), study.seed, digest(study))
    if elsewhere:
        header = replace(header, versions=(*header.versions, (BENCH, elsewhere)))
    recorder = Recorder.create(out, header, study.trace.detail)
    if alone:
        from emulator.trace.writing.finalize import finalize_here

        recorder.convert = finalize_here
    return recorder
