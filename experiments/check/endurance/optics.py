"""Whether light obeys: passive optics never gain power, and an ideal chip reads what its phases say.

The matrices are built here from phases, rotator by rotator, with nothing of the emulator's kernels.
Source: Eqs. 1-2 of J. Gu et al., AAAI 2021 (SZO-SCD), as docs/physics.md has them.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emulator.commands import Forward, Monitor, Probe, Projection, Readings, SetPhases
from emulator.commands import Sequence as ProbeSequence
from emulator.instruments.chip.chip import HEATERS, Chip
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.instrument import Stand
from emulator.instruments.opu.opu import Opu
from emulator.instruments.registry import INSTRUMENTS
from emulator.physics.chip.kernels.circuit import OFFSET, RESPONSE
from emulator.physics.chip.mesh import LayerPhases, Rotation, triangle
from experiments.check.endurance.outing import Outing
from experiments.check.endurance.replies import Told
from experiments.check.endurance.rows import Rows

__all__ = ["layer_fields", "light"]

Floats = NDArray[np.float64]

_GAIN: Final = 1e-12
"""Relative power that rounding may add to light."""

_CLOSE: Final = 1e-9
"""Activation units by which two computations of a reading may differ."""

_SINGLE: Final = 2e-5
"""Relative difference of projections in single precision."""


def light(outing: Outing, rows: Rows, known: Sequence[Told]) -> Iterator[str]:
    """Yield what is wrong with the light of a run."""
    lab = outing.scenario.plant.lab
    if "chip" in lab:
        chip = outing.bench.instrument(Chip)
        yield from _passive(lab["chip"], chip)
        if not _disturbed(rows, "chip", {"laser_noise"}):
            yield from _observed(lab["chip"], chip)
        yield from _power(lab["chip"], chip, rows, any(note.replies == 0 for note in outing.heard))
        if outing.scenario.plant.ideal:
            yield from _readings(lab["chip"], rows, known, chip)
    if "opu" in lab and not _disturbed(rows, "opu", {"correlation", "responsivity"}):
        yield from _linear(outing.bench.instrument(Opu), rows, known)


def _disturbed(rows: Rows, instrument: str, states: AbstractSet[str]) -> bool:
    """Tell whether one of the hidden ``states``, of which no oracle here knows the course, was ever changed."""
    asked = zip(*(rows.named("commands", name, name) for name in ("instrument", "kind")), strict=True)
    known = INSTRUMENTS[instrument].disturbances
    return any(name == instrument and known.get(kind) in states for name, kind in asked)


def layer_fields(
    layer: LayerPhases, phases: Floats, light: Floats, rotation: Rotation, loss: float = 1.0
) -> Floats:
    """Return the fields (outputs, n) that a layer makes of ``light`` (inputs, n); its attenuators pass cos(phi).

    ``phases`` (devices,) are those of V*, Sigma and U; ``loss`` is the amplitude that a rotator passes on.
    """
    outputs, inputs = layer.shape
    v, sigma, u = np.split(phases, [layer.v.size, layer.v.size + layer.sigma.size])
    sense = 1.0 if rotation == "ccw" else -1.0
    rank = layer.sigma.size
    fields = light.astype(float)
    rows_v = next(r for r in range(1, inputs + 1) if triangle(r, inputs).rotators == v.size and r >= rank)
    for top, phase in zip(triangle(rows_v, inputs).upper.tolist(), v.tolist(), strict=True):
        _rotate(fields, top, sense * phase, loss)
    passed = np.zeros((outputs, light.shape[1]))
    passed[:rank] = fields[:rank] * (layer.signs * np.cos(sigma))[:, np.newaxis]
    rows_u = next(r for r in range(1, outputs + 1) if triangle(r, outputs).rotators == u.size and r >= rank)
    for top, phase in zip(triangle(rows_u, outputs).upper.tolist()[::-1], u.tolist(), strict=True):
        _rotate(passed, top, -sense * phase, loss)
    return passed


def _rotate(fields: Floats, top: int, phase: float, loss: float) -> None:
    cos, sin = loss * np.cos(phase), loss * np.sin(phase)
    upper, lower = fields[top].copy(), fields[top + 1].copy()
    fields[top], fields[top + 1] = cos * upper - sin * lower, sin * upper + cos * lower


def _passive(stand: Stand, chip: Chip) -> Iterator[str]:
    """Send light through each device table that the chip ended with: no rotator and no attenuator may add power."""
    core, first = chip.core, 0
    phases = core.phases()
    for number, layer in enumerate(stand.design.layers):
        mine = phases[first : first + layer.count]
        first += layer.count
        fields = layer_fields(
            layer, mine, np.eye(layer.shape[1]), stand.config.mesh.rotation, core.loss_amplitude
        )
        if core.loss_amplitude > 1.0 or np.linalg.norm(fields, 2) > 1.0 + _GAIN:
            yield f"light: layer {number} passes {np.linalg.norm(fields, 2)!r} of the field of its brightest input"


def _observed(stand: Stand, chip: Chip) -> Iterator[str]:
    """Compare what a watcher sees with the light that the phases make, where receivers are exact."""
    receiver, config = stand.config.receiver, stand.config
    noisy = (
        receiver.shot_noise or receiver.thermal_noise_a_per_sqrt_hz or receiver.adc_bits or config.inputs.bits
    )
    if noisy or config.heaters.dynamics != "instant" or config.heaters.substrate_coupling or chip._incumbent:
        return
    inputs = np.linspace(0.0, min(1.0, config.activation_clip), 3 * stand.design.values).reshape(3, -1)
    core = chip.core
    expected = network(
        config, stand.design.layers, core.phases(), inputs, core.loss_amplitude, core.gains,
        core.reference * core.hidden.responses[RESPONSE], core.hidden.responses[OFFSET],
    )  # fmt: skip
    seen = chip.observe(inputs, 0)
    if not np.allclose(seen, expected, rtol=0.0, atol=_CLOSE):
        yield f"light: a watcher sees {seen.ravel()[:3]}, the phases make {expected.ravel()[:3]}"


def network(
    config: ChipConfig,
    layers: Sequence[LayerPhases],
    phases: Floats,
    inputs: Floats,
    loss: float,
    gains: Sequence[float],
    responses: Floats | float = 1.0,
    offsets: Floats | float = 0.0,
) -> Floats:
    """Return the outputs (samples, classes) of a chip whose converters and receivers are exact.

    A receiver reads its light times its response, plus its offset: (receivers of all layers,), or one for all.
    """
    values, first, receiver = inputs.T, 0, 0
    receivers = sum(layer.shape[0] for layer in layers)
    own = [np.broadcast_to(each, receivers)[:, np.newaxis] for each in (responses, offsets)]
    for number, (layer, gain) in enumerate(zip(layers, gains, strict=True)):
        mine = phases[first : first + layer.count]
        first += layer.count
        light = layer_fields(layer, mine, values, config.mesh.rotation, loss) * config.mesh.sigma_max * gain
        response, offset = (each[receiver : receiver + len(light)] for each in own)
        values, receiver = response * light + offset, receiver + len(light)
        if number < len(layers) - 1:
            values = np.clip(values, 0.0, config.activation_clip)
    return values.T


def _power(stand: Stand, chip: Chip, rows: Rows, under_way: bool) -> Iterator[str]:
    """Compare the heaters' power with the phases that are driven, one turn at most: P_pi for each pi of them."""
    driven = chip.core.driven_phases()
    if (driven < 0.0).any() or (driven > 2.0 * np.pi).any():
        yield f"power: phases of {driven.min()!r} to {driven.max()!r} are driven"
    expected = float(driven.sum()) / np.pi * stand.config.heaters.p_pi_w
    if abs(chip.core.heater_power_w - expected) > 1e-9 * max(expected, stand.config.heaters.p_pi_w):
        yield f"power: the heaters draw {chip.core.heater_power_w!r} W for phases that need {expected!r} W"
    levels = rows.tables["power"]
    mine = levels["watts"][levels["component"] == rows.names["component"].index(HEATERS)]
    if len(mine) and not under_way and mine[-1] != chip.core.heater_power_w:
        yield f"power: the heaters draw {chip.core.heater_power_w!r} W, the trace ends with {mine[-1]!r} W"


def _readings(stand: Stand, rows: Rows, known: Sequence[Told], chip: Chip) -> Iterator[str]:
    """Follow what an ideal chip was told, in the order in which it was served, and compare all it read.

    It is followed until somebody disturbs it; a link that is held leaves it as it is.
    """
    design, config = stand.design, stand.config
    dead = set(config.heaters.dead)
    phases = design.phases()
    phases[sorted(dead)] = 0.0
    served = [each for each in known if each.rows and _of_chip(each.command)]
    until_ps = _disturbed_at(rows)
    for each in sorted(served, key=lambda one: int(rows.column("commands", "t_started")[one.rows[0]])):
        command, reply = each.command, each.reply
        if int(rows.column("commands", "t_done")[each.rows[-1]]) >= until_ps:
            return
        if reply is None:
            return  # nobody heard it, so what came after is not known either
        if isinstance(command, SetPhases | Probe):
            _drive(phases, command.heaters, command.radians, dead)
        if isinstance(command, Probe | Forward | Monitor) and not _matches(
            config, design, phases, command, reply, chip
        ):
            yield f"light: {type(command).__name__} at {each.note.issued_ps} ps reads another chip than was set"
            return
        if isinstance(command, ProbeSequence):
            fault = _sequence(config, design, phases, command, reply, dead, chip)
            if fault:
                yield fault
                return


def _disturbed_at(rows: Rows) -> int:
    """Return when the chip was disturbed first, or an instant beyond the end."""
    first = rows.footer.elapsed_ps + 1
    asked = zip(*(rows.named("commands", name, name) for name in ("instrument", "kind")), strict=True)
    for row, (instrument, kind) in enumerate(asked):
        if instrument == "chip" and kind.startswith("disturb.") and kind != "disturb.link":
            first = min(first, int(rows.column("commands", "t_started")[row]))
    return first


def _of_chip(command: Any) -> bool:
    return isinstance(command, SetPhases | Probe | Forward | Monitor | ProbeSequence)


def _drive(phases: Floats, heaters: Any, radians: Any, dead: set[int]) -> None:
    for heater, phase in zip(np.asarray(heaters).tolist(), np.asarray(radians).tolist(), strict=True):
        phases[heater] = 0.0 if heater in dead else phase


def _matches(config: ChipConfig, design: Any, phases: Floats, command: Any, reply: Any, chip: Chip) -> bool:
    expected = network(config, design.layers, phases, command.batch.inputs, 1.0, chip.core.gains)
    return bool(np.allclose(reply.outputs, expected, rtol=0.0, atol=_CLOSE))


def _sequence(
    config: ChipConfig,
    design: Any,
    phases: Floats,
    command: ProbeSequence,
    reply: Readings,
    dead: set[int],
    chip: Chip,
) -> str:
    if command.decide is not None:
        _drive(phases, command.heaters[: len(reply.radians), 0], reply.radians, dead)
        return ""
    for number, (heaters, radians) in enumerate(zip(command.heaters, command.radians, strict=True)):
        _drive(phases, heaters, radians, dead)
        expected = network(config, design.layers, phases, command.batch.inputs, 1.0, chip.core.gains)
        if not np.allclose(reply.outputs[number], expected, rtol=0.0, atol=_CLOSE):
            return f"light: probe {number} of a Sequence reads another chip than was set"
    return ""


def _linear(unit: Opu, rows: Rows, known: Sequence[Told]) -> Iterator[str]:
    """Compare projections without the camera's noise with the medium's truth, in the laser's light of the time.

    One that was asked for at the instant of a change is left out: which came first is not told. Where the laser
    fluctuates, one frame a vector has one power for all outputs; what several frames tell is left out.
    """
    config = unit.core.config
    if config.camera.noise or config.recovery.mode == "intensity":
        return
    power, noise = (_course(rows, state, whole) for state, whole in (("laser", 1.0), ("laser_noise", 0.0)))
    alone = config.recovery.mode == "off_axis" and config.dmd.encoding == "binary"
    for each in known:
        at_ps = each.note.issued_ps
        if not isinstance(each.reply, Projection) or not each.reply.valid.any():
            continue
        if at_ps in power or at_ps in noise or (_held(noise, at_ps) and not alone):
            continue
        valid, vectors, p = each.reply.valid, each.command.vectors, _held(power, at_ps)
        told, truth = each.reply.outputs[valid], unit.core.truth(vectors)[valid]
        expected = p * truth + (1.0 - p) * _residue(unit, vectors)[valid]
        if _held(noise, at_ps):
            share = (told * truth).sum(axis=1) / np.maximum((truth**2).sum(axis=1), 1e-30)
            expected = share[:, np.newaxis] * truth
        scale = float(np.abs(expected).max()) or 1.0
        off = float(np.abs(told - expected).max())
        if off > _SINGLE * scale + _SINGLE:
            yield f"light: a projection at {at_ps} ps is off by {off!r}"
            return


def _course(rows: Rows, state: str, whole: float) -> dict[int, float]:
    """Return the values of a hidden ``state`` of the processing unit by the instants at which they began."""
    asked = zip(*(rows.named("commands", name, name) for name in ("instrument", "kind")), strict=True)
    started, values = rows.column("commands", "t_started"), rows.column("commands", "value")
    changes = {
        int(started[row]): float(values[row])
        for row, each in enumerate(asked)
        if each == ("opu", f"disturb.{state}")
    }
    return {-1: whole} | changes


def _held(course: Mapping[int, float], at_ps: int) -> float:
    return course[max(begun for begun in course if begun < at_ps)]


def _residue(unit: Opu, vectors: NDArray[np.float32]) -> Floats:
    """Return half the anchor's amplitude for each pattern (n, outputs): an anchor that was read in other light."""
    if unit.core.config.recovery.mode != "anchor":
        return np.zeros((len(vectors), 1))
    entries = unit.core.medium.fields(np.eye(unit.design.features, dtype=np.float32))
    return np.outer(unit.core.patterns(vectors).scales.sum(axis=1), np.abs(entries.sum(axis=0)) / 2.0)
