"""A chip at the end of a wire: its active heaters are the instrument's channels, in ascending order."""

from collections.abc import Callable, Mapping
from collections.abc import Sequence as SequenceOf
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emulator.commands import (
    Batch,
    Forward,
    Incumbent,
    Monitor,
    Monitored,
    Probe,
    Reading,
    Readings,
    Sequence,
    SetPhases,
    Settle,
    Settled,
)
from emulator.errors import CommandError, ConfigError, LightloopError
from emulator.instruments.chip.channels import PORTS, ports_of
from emulator.instruments.chip.contents import Content, note_batch
from emulator.instruments.chip.state import Design
from emulator.instruments.incumbents import phases_of
from emulator.instruments.instrument import Note, Setting, State
from emulator.remote.client.link import Link
from emulator.remote.client.phrases import Values, seconds_of, values_of_batch
from emulator.remote.client.relays.relay import PREFIX, Relay, Told

__all__ = ["RemoteChip"]


class RemoteChip(Relay):
    """Drive a chip elsewhere, which is taken to be of ``design``.

    Raises ``ConfigError`` where it says that its channels are other devices.
    """

    resource = "chip"
    kinds: Mapping[type, str] = {
        SetPhases: f"{PREFIX}set_phases",
        Settle: f"{PREFIX}settle",
        Forward: f"{PREFIX}forward",
        Probe: f"{PREFIX}probe",
        Sequence: f"{PREFIX}sequence",
        Monitor: f"{PREFIX}monitor",
    }
    counts: Mapping[str, str] = {
        f"{PREFIX}forward": "",
        f"{PREFIX}probe": "",
        f"{PREFIX}sequence": "target",
        f"{PREFIX}monitor": "",
    }

    def __init__(self, link: Link, design: Design, setting: Setting) -> None:
        super().__init__(link, setting)
        self._design = design
        self.outputs = design.layers[-1].shape[0]
        self._devices = np.flatnonzero(design.active)
        self._channels = np.zeros(len(design.active), dtype=np.int64)
        self._channels[self._devices] = np.arange(1, len(self._devices) + 1)
        self._brought: tuple[int, bytes, bytes, bytes] | None = None
        self._incumbent: NDArray[np.float64] | None = None
        self._refuse_other_devices()
        designed = design.phases()[self._devices]
        if any(talk.dialect.config.drive_first for talk in link.talks):
            link.say(SetPhases, {"channels": np.arange(1, len(designed) + 1), "radians": designed})
        self._driven = self._looked_up(designed)
        self._initial = self._driven.copy()

    def _refuse_other_devices(self) -> None:
        theirs = self.link.devices()
        if theirs is not None and not np.array_equal(theirs, self._devices):
            raise ConfigError(
                f"the instrument's chip has {len(theirs)} heaters, and the study's {len(self._devices)}, or they "
                "are other devices: both need the same study, with the same changes and seed"
            )

    def _looked_up(self, otherwise: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what the channels are driven to, in radians, as the instrument tells it, or ``otherwise``."""
        told = self.link.phases(np.arange(1, len(self._devices) + 1))
        found = otherwise if told is None else told
        if len(found) != len(self._devices):
            raise ConfigError(f"the instrument tells {len(found)} phases of {len(self._devices)} channels")
        return np.array(found, dtype=np.float64)

    def channels(self, heaters: ArrayLike) -> NDArray[np.int64]:
        """Return the channels of ``heaters``, indices of active devices; raises ``CommandError`` for any other."""
        devices = np.asarray(heaters)
        if devices.size and devices.dtype.kind not in "iu":
            raise CommandError(f"heaters of type {devices.dtype}; allowed: indices of active devices")
        known = (devices >= 0) & (devices < len(self._channels))
        channels = np.where(known, self._channels[np.where(known, devices, 0).astype(np.int64)], 0)
        if not channels.all():
            raise CommandError(
                f"device {devices[channels == 0].flat[0]} is not an active heater of this chip"
            )
        return channels

    def values(self, command: Any) -> Values:
        """Return what is said of ``command``."""
        return _VALUES[type(command)](self, command)

    def refuse_unspoken(self, command: Any) -> None:
        """Raise ``CommandError`` where there are no words for ``command``, nor for what it can be made of."""
        for part in _PARTS.get(type(command), ()) if self._in_parts(command) else (type(command),):
            self.link.refuse_unspoken(part)

    def exchange(self, command: Any) -> Any:
        """Return the reply to ``command``, or to its parts where it has no words of its own."""
        if isinstance(command, Forward) and self.link.reads_one_by_one:
            return self._read_one_by_one(command.batch)
        if not self._in_parts(command):
            return super().exchange(command)
        if isinstance(command, Settle):
            self.link.settle(command.duration_ps)
            return Settled(command.duration_ps or 0)
        self.link.say(SetPhases, self.driving(command))
        if self.link.speaks(Settle):
            self.link.say(Settle, {"seconds": None})
        else:
            self.link.settle(None)
        return self.exchange(Forward(command.batch))

    def _read_one_by_one(self, batch: Batch) -> Reading:
        """Return what an instrument that tells one output a line reads of each sample, brought to it in turn."""
        readings: list[Reading] = []
        for number in range(len(batch.inputs)):
            one = _sample(batch, number)
            if self.link.speaks(Batch):
                self.link.say(Batch, values_of_batch(one))
            readings.append(super().exchange(Forward(one)))
        outputs = np.concatenate([reading.outputs for reading in readings])
        outputs.setflags(write=False)
        reference = float(np.mean([reading.reference for reading in readings]))
        saturated = sum(reading.saturated for reading in readings)
        return Reading(outputs, saturated, readings[-1].power_w, reference)

    def _in_parts(self, command: Any) -> bool:
        return type(command) in _PARTS and not self.link.speaks(type(command))

    def driving(self, command: SetPhases | Probe) -> Values:
        """Return channels and phases, one each; raises ``CommandError`` where they are not so."""
        channels, radians = self.channels(command.heaters), np.asarray(command.radians, dtype=np.float64)
        if channels.shape != radians.shape:
            raise CommandError(f"{channels.size} heaters but {radians.size} phases; give one phase each")
        if not np.isfinite(radians).all():
            raise CommandError(f"phase {radians[~np.isfinite(radians)].flat[0]} is not finite")
        return {"channels": channels, "radians": radians}

    def prepare(self, command: Any) -> Note | None:
        """Bring the batch of ``command`` to the inputs, where another one is there."""
        batch: Batch | None = getattr(command, "batch", None)
        if batch is None:
            return None
        content = (
            batch.key,
            batch.inputs.tobytes(),
            np.asarray(batch.labels).tobytes(),
            batch.samples.tobytes(),
        )
        if content == self._brought:
            return None
        if len(batch.inputs) > 1 and not self.link.speaks(Batch):
            raise CommandError(
                f"{type(command).__name__}: {len(batch.inputs)} samples, and no dialect has words to bring one to "
                "the inputs; allowed: one, which the laboratory brings (controller.batch_size = 1)"
            )
        if self.link.speaks(Batch) and not self.link.reads_one_by_one:
            self.link.say(Batch, values_of_batch(batch))
        self._brought = content
        return partial(note_batch, Content(batch.key, batch.inputs, content[1], batch.samples))

    def told(self, command: Any, reply: Any) -> Told:
        """Return what the trace keeps of ``command``, and count its queries."""
        return _TOLD[type(command)](self, command, reply)

    def drive(self, channels: NDArray[np.int64], radians: ArrayLike) -> None:
        """Remember what ``channels`` are driven to."""
        self._driven[channels - 1] = radians

    def name_incumbent(self, command: Incumbent) -> tuple[int, Note]:
        """Tell the instrument by which phases a search would end, where it has words for that."""
        heaters, radians = phases_of(command, self._design.active)
        channels = self.channels(heaters)
        if self.link.speaks(Incumbent):
            self.link.say(Incumbent, {"channels": channels, "radians": radians})
        self._incumbent = self._driven.copy()
        self._incumbent[channels - 1] = radians
        return heaters.size, lambda recorder: recorder.setpoints(heaters, radians)

    def opening_states(self) -> SequenceOf[State]:
        """Return the design, and the phases that the heaters start from."""
        design = self._design
        return (
            ("design_phases", design.phases(), "rad"),
            ("active", design.active, "1"),
            (PORTS, ports_of(design), "1"),
            ("initial_phases", self._placed(self._initial), "rad"),
        )

    def closing_states(self) -> SequenceOf[State]:
        """Return the phases that the heaters are driven to, and those of the incumbent, if one was named."""
        try:
            driven = self._looked_up(self._driven)
        except (
            LightloopError
        ):  # the run has ended because the wire has: what was asked for is all that is known
            driven = self._driven
        states: list[State] = [("final_phases", self._placed(driven), "rad")]
        if self._incumbent is not None:
            states.append(("incumbent_phases", self._placed(self._incumbent), "rad"))
        return states

    def _placed(self, driven: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ``driven``, of the channels, as phases (devices,); 0 at passive devices."""
        phases = np.zeros(len(self._channels))
        phases[self._devices] = driven
        return phases


def _sample(batch: Batch, number: int) -> Batch:
    """Return the sample ``number`` of ``batch`` as a batch of its own."""
    one = slice(number, number + 1)
    return Batch(batch.key, batch.inputs[one], batch.labels[one], batch.samples[one])


def _sequence(chip: RemoteChip, command: Sequence) -> Values:
    channels, decide = chip.channels(command.heaters), command.decide
    said: Values = {"width": channels.shape[1], "channels": channels, "radians": command.radians}
    if decide is not None:
        said |= {
            "rule": decide.rule, "back": decide.back, "home": decide.home, "keep_home": decide.keep_home,
            "queries": decide.queries,
        }  # fmt: skip
    return said


_PARTS: Final[Mapping[type, tuple[type, ...]]] = {Probe: (SetPhases, Forward), Settle: ()}
"""What can be made of other commands, and of which; heat settles in time, whoever waits."""

_VALUES: Final[Mapping[type, Callable[[RemoteChip, Any], Values]]] = {
    SetPhases: RemoteChip.driving,
    Probe: RemoteChip.driving,
    Settle: lambda chip, command: {"seconds": seconds_of(command.duration_ps)},
    Forward: lambda chip, command: {"outputs": chip.outputs},
    Sequence: _sequence,
    Monitor: lambda chip, command: {"light": command.light, "errors": command.errors},
}


def _driven(chip: RemoteChip, command: SetPhases | Probe) -> Told:
    heaters = np.asarray(command.heaters, dtype=np.int64)
    radians = np.asarray(command.radians, dtype=np.float64)
    chip.drive(chip.channels(heaters), radians)
    if len(heaters) == 1:
        return Told(int(heaters[0]), float(radians[0]))
    return Told(setpoints=(heaters[np.newaxis], radians[np.newaxis]))


def _set(chip: RemoteChip, command: SetPhases, reply: Any) -> Told:
    power_w = reply.power_w
    return _driven(chip, command)._replace(result=power_w if np.isfinite(power_w) else 0.0)


def _settled(chip: RemoteChip, command: Settle, reply: Any) -> Told:
    del chip, command
    return Told(value=float(reply.duration_ps))


def _total(chip: RemoteChip, outputs: NDArray[np.float64]) -> float:
    chip.queries += 1
    return float(outputs.sum())


def _read(chip: RemoteChip, command: Forward, reply: Reading) -> Told:
    return Told(command.batch.key, result=_total(chip, reply.outputs))


def _probed(chip: RemoteChip, command: Probe, reply: Reading) -> Told:
    return _driven(chip, command)._replace(result=_total(chip, reply.outputs))


def _sequenced(chip: RemoteChip, command: Sequence, reply: Readings) -> Told:
    chip.queries += reply.readings
    channels = chip.channels(command.heaters)
    if command.decide is None:
        for driven, radians in zip(channels, command.radians, strict=True):
            chip.drive(driven, radians)
    else:
        chip.drive(channels[: len(reply.radians), 0], reply.radians)
    loss = reply.loss if command.decide is not None else float(reply.outputs.sum())
    return Told(reply.readings, result=loss)


def _monitored(chip: RemoteChip, command: Monitor, reply: Monitored) -> Told:
    return Told(command.batch.key, result=_total(chip, reply.intensities))


_TOLD: Final[Mapping[type, Callable[[RemoteChip, Any, Any], Told]]] = {
    SetPhases: _set,
    Settle: _settled,
    Forward: _read,
    Probe: _probed,
    Sequence: _sequenced,
    Monitor: _monitored,
}
