"""Twenty bugs, each of which replaces a method or a function of the emulator in this process, and no source.

They are of the kinds that measuring software has had: signs, units, pairs, stale state, accounts, order and chance.
None is planted but by ``worker``, in a process of its own.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np

import emulator.instruments.chip.state as chip_state
import emulator.instruments.chip.timing as chip_timing
import emulator.instruments.opu.frames as opu_frames
from emulator.agents.desk import Desk
from emulator.budgets import Budgets
from emulator.commands import Wait
from emulator.instruments.chip import fabrication
from emulator.instruments.chip.state import ChipCore
from emulator.instruments.opu.frames import FrameSender, Sent
from emulator.instruments.opu.optics import OpuCore, Projected
from emulator.instruments.opu.pipeline import Fate
from emulator.instruments.station import Station
from emulator.instruments.tickets import Tickets
from emulator.meter import Meter
from emulator.streams import stream
from emulator.trace.writing.recorder import Recorder

__all__ = ["BUGS", "Bug"]


class Bug(NamedTuple):
    """Say what is wrong, in words, and ``plant`` it in this process."""

    name: str
    wrong: str
    plant: Callable[[], None]


def _wrap(owner: Any, name: str, made: Callable[[Any], Any]) -> None:
    """Put what is ``made`` of an attribute of ``owner`` in its place."""
    setattr(owner, name, made(getattr(owner, name)))


def _wrong_sign() -> None:
    _wrap(
        ChipCore, "drive", lambda true: lambda core, heaters, radians, ps: true(core, heaters, -radians, ps)
    )


def _forgotten_heater() -> None:
    def made(true: Any) -> Any:
        def drive(core: ChipCore, heaters: Any, radians: Any, passed_ps: int) -> None:
            some = slice(None) if len(heaters) < 2 else slice(-1)
            true(core, heaters[some], radians[some], passed_ps)

        return drive

    _wrap(ChipCore, "drive", made)


def _gain() -> None:
    _wrap(fabrication, "rotator_amplitude", lambda true: lambda config: 1.0 / true(config))


def _stale_batch() -> None:
    def made(true: Any) -> Any:
        def load(core: ChipCore, inputs: Any) -> None:
            known = core._tape
            if known is None or known.count != len(inputs):
                true(core, inputs)

        return load

    _wrap(ChipCore, "load", made)


def _repeated_noise() -> None:
    _wrap(ChipCore, "read", lambda true: lambda core, draw, passed_ps: true(core, 0, passed_ps))


def _milliwatts() -> None:
    true = vars(ChipCore)["heater_power_w"].fget
    _wrap(ChipCore, "heater_power_w", lambda _: property(lambda core: 1e3 * true(core)))


def _other_order() -> None:
    def made(true: Any) -> Any:
        def project(core: OpuCore, vectors: Any, first: int) -> Projected:
            found = true(core, vectors, first)
            return Projected(np.ascontiguousarray(found.outputs[::-1]), found.saturated)

        return project

    _wrap(OpuCore, "project", made)


def _untold_drops() -> None:
    def made(true: Any) -> Any:
        def counts(sent: Sent, vectors: int, skipped: int) -> Any:
            said = true(sent, vectors, skipped)
            return said._replace(sent=said.sent - said.dropped, dropped=0, torn=0)

        return counts

    _wrap(Sent, "counts", made)


def _torn_and_used() -> None:
    def made(true: Any) -> Any:
        def losses(sender: FrameSender, frames: int) -> Any:
            fates = true(sender, frames)
            fates[fates == Fate.TORN] = Fate.USED
            return fates

        return losses

    _wrap(FrameSender, "_losses", made)


def _unit_slip() -> None:
    _wrap(chip_timing, "s_to_ps", lambda true: lambda seconds: true(seconds * 1e3))


def _time_goes_back() -> None:
    def made(true: Any) -> Any:
        def conclude(
            station: Station, outcome: Any, service: Any, command: Any, asker: Any, times: Any
        ) -> Any:
            issued, started, done = times
            return true(station, outcome, service, command, asker, (issued, started - 1, done))

        return conclude

    _wrap(Station, "_conclude", made)


def _lost_reply() -> None:
    _wrap(Station, "settle", lambda true: lambda station, turn: (None, true(station, turn)[1]))


def _swapped_tickets() -> None:
    def made(true: Any) -> Any:
        def process(tickets: Tickets, ticket: Any) -> Any:
            true(tickets, ticket)
            return next(iter(tickets._started.values())).process

        return process

    _wrap(Tickets, "process", made)


def _two_at_once() -> None:
    def made(true: Any) -> Any:
        def ask(station: Station, command: Any, asker: Any) -> Any:
            station._free_ps = 0
            return true(station, command, asker)

        return ask

    _wrap(Station, "ask", made)


def _early_end_of_a_wait() -> None:
    _wrap(Desk, "_wait", lambda true: lambda desk, command: true(desk, Wait(max(0, command.until_ps - 1))))


def _energy_twice() -> None:
    _wrap(
        Meter,
        "_planned_w_ps",
        lambda true: lambda meter: _doubled(true(meter)),
    )


def _doubled(drawn: Any) -> Any:
    for name in list(drawn):
        drawn[name] = 2 * drawn[name]
    return drawn


def _untold_level() -> None:
    def made(true: Any) -> Any:
        def set_level(meter: Meter, handle: int, t_ps: int, watts: float) -> None:
            sink, meter._sink = meter._sink, None
            try:
                true(meter, handle, t_ps, watts)
            finally:
                meter._sink = sink

        return set_level

    _wrap(Meter, "set", made)


def _late_budget() -> None:
    _wrap(
        Budgets, "spent", lambda true: lambda own, now_ps, queries, when: true(own, now_ps, queries - 1, when)
    )


def _shared_chance() -> None:
    shared = stream(0, "shared")
    for module in (chip_state, opu_frames):
        _wrap(module, "stream", lambda true: lambda seed, name: shared)


def _joins_left_out() -> None:
    def made(true: Any) -> Any:
        def join(recorder: Recorder, row: int) -> None:
            if recorder.detail == "full":
                true(recorder, row)

        return join

    _wrap(Recorder, "join", made)


BUGS: Final[Mapping[str, Bug]] = {
    bug.name: bug
    for bug in (
        Bug("wrong_sign", "heaters are set to minus the phase that was asked for", _wrong_sign),
        Bug(
            "forgotten_heater", "of several heaters that are set at once the last is left", _forgotten_heater
        ),
        Bug("gain", "a rotator's loss is applied as a gain", _gain),
        Bug("stale_batch", "a mini-batch of the size of the last one is not loaded", _stale_batch),
        Bug("repeated_noise", "every reading has the noise of the first", _repeated_noise),
        Bug("milliwatts", "the heaters' power is given in milliwatts", _milliwatts),
        Bug("unit_slip", "all times of a chip's plans are a thousand times too long", _unit_slip),
        Bug("other_order", "projections come back in the opposite order", _other_order),
        Bug("untold_drops", "dropped frames stand in no account", _untold_drops),
        Bug("torn_and_used", "torn frames are used as if they were whole", _torn_and_used),
        Bug("time_goes_back", "commands start a picosecond before they can", _time_goes_back),
        Bug("lost_reply", "a reply that was waited for is lost", _lost_reply),
        Bug("swapped_tickets", "whoever joins a ticket gets the reply of the first one", _swapped_tickets),
        Bug("two_at_once", "an instrument begins although it is busy", _two_at_once),
        Bug("early_end_of_a_wait", "waits end a picosecond early", _early_end_of_a_wait),
        Bug("energy_twice", "what plans draw is counted twice", _energy_twice),
        Bug("untold_level", "a change of power does not reach the trace", _untold_level),
        Bug("late_budget", "a budget of queries is spent one query late", _late_budget),
        Bug("shared_chance", "all streams of chance are one, which goes on from run to run", _shared_chance),
        Bug("joins_left_out", "detail commands leaves out what else a command waited for", _joins_left_out),
    )
}
"""Every bug, by its name."""
