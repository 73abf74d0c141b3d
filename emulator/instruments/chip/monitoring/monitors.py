"""The service of Monitor: what may be asked when, for what price, and what the monitors' electronics read."""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.commands import Batch, Monitor, Monitored
from emulator.errors import CommandError, ConfigError
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.chip.monitoring.lights import Lights, Seen
from emulator.instruments.chip.state import ChipCore
from emulator.instruments.chip.timing import LIGHT, LIGHTS, MONITOR, chip_plan
from emulator.instruments.instrument import Note, Service, Setting
from emulator.physics.chip.laser import light_budget
from emulator.physics.chip.monitors import Exposure, intensity_variance
from emulator.physics.gaussian import normals
from emulator.plan import Plan
from emulator.streams import key_words
from emulator.trace import AnyRecorder

__all__ = ["Monitors"]

Floats = NDArray[np.float64]

_FORWARD, _ADJOINT, _BOTH = LIGHTS
_UPLOAD: Final = ("upload", 1)


def _shows_nothing(batch: Batch) -> bool:
    del batch
    return False


class Monitors:
    """Read the monitors of a chip, which has them or says that it has none.

    Raises ``PhysicsError`` where they have noise and no light, and ``ConfigError`` where layers take patches.
    """

    def __init__(self, config: ChipConfig, setting: Setting, core: ChipCore) -> None:
        self._config = config
        self._host = setting.host
        self._core = core
        self._heaters = int(core.design.active.sum())
        self._key = key_words(setting.seed, "chip/monitors")
        self._lights = Lights(config, core) if config.monitors.fitted else None
        self._services: dict[tuple[str, int, bool], Service] = {}
        self._coming: deque[Floats] = deque()  # inputs and errors of commands begun, and not yet carried out
        self._remembered: Callable[[Batch], bool] = _shows_nothing
        self._errors_sent = False
        if self._lights is not None:
            _refuse_pictures(core)
            self._variance(np.zeros(self._heaters), 1)  # refuses noise without light

    def begin(
        self, command: Monitor, loads: Callable[[Batch], tuple[bool, Callable[[Batch], bool]]]
    ) -> Service:
        """Check ``command`` and return its service; raise ``CommandError`` when it cannot be served.

        ``loads`` checks a batch, begins to load it, and tells whether that takes an upload, and what shows it.
        """
        light, batch, upload = command.light, command.batch, False
        self._check(command)
        if light == _FORWARD:
            upload, self._remembered = loads(batch)
            self._errors_sent = False
            self._coming.append(np.array(batch.inputs, dtype=np.float64))
        elif not self._remembered(batch) or (light == _BOTH and not self._errors_sent):
            needed = "a 'forward' pass" if light == _ADJOINT else "a 'forward' and an 'adjoint' pass"
            raise CommandError(f"Monitor: light = {light!r} goes with {needed} of the same batch before it")
        elif light == _ADJOINT:
            self._coming.append(self._checked_errors(command).astype(np.float64))
            self._errors_sent = True
        key = (light, len(batch.inputs), upload)
        known = self._services.get(key)
        if known is None:
            known = self._services[key] = Service.of(self._plan(*key))
        return known

    def uploads(self, service: Service) -> bool:
        """Return whether ``service`` brings a batch to the chip."""
        return _UPLOAD in service.work

    def light_ps(self, service: Service) -> int:
        """Return when after its start the light of ``service`` meets the mesh."""
        return Plan(service.steps).until(*LIGHT)

    def read(self, command: Monitor, draw: int) -> tuple[Monitored, float]:
        """Pass the light of ``command`` and read, with noise number ``draw``; return also the sum of it all."""
        lights = self._lights
        assert lights is not None  # noqa: S101  (else it was refused)
        light, samples = command.light, len(command.batch.inputs)
        worth = np.zeros(self._heaters)
        if light == _FORWARD:
            seen = lights.forward(self._coming.popleft(), draw)
        elif light == _ADJOINT:
            seen = lights.adjoint(self._coming.popleft(), draw)
        else:
            seen, worth = lights.both(draw), lights.worth(samples)
        intensities, hits = self._converted(seen, samples, draw)
        for array in (intensities, seen.outputs, worth):
            array.setflags(write=False)
        found = Monitored(intensities, seen.outputs, worth, seen.saturated + hits, self._core.heater_power_w)
        return found, float(intensities.sum() + seen.outputs.sum())

    def note(self, command: Monitor, before: Note | None) -> Note | None:
        """Return what the trace keeps of ``command`` besides its row, behind what came ``before``."""
        if command.light != _ADJOINT:
            return before
        assert command.errors is not None  # noqa: S101  (else it was refused)
        return partial(_note_errors, command.errors.copy())

    def _check(self, command: Monitor) -> None:
        if self._lights is None:
            raise CommandError(
                "Monitor: this chip has no monitors; allowed: chip.monitors.fitted = true, which costs their power "
                "and the light that they tap"
            )
        if command.light not in LIGHTS:
            raise CommandError(
                f"Monitor: light = {command.light!r} is refused; allowed: {', '.join(map(repr, LIGHTS))}"
            )
        if command.light != _ADJOINT and command.errors is not None:
            raise CommandError(f"Monitor: errors go with light = {_ADJOINT!r}; {command.light!r} sends none")

    def _checked_errors(self, command: Monitor) -> NDArray[np.float32]:
        """Return the errors of ``command``; raise ``CommandError`` unless they fit the outputs."""
        errors, shape = command.errors, (len(command.batch.inputs), self._core.layers[-1].outputs)
        fits = isinstance(errors, np.ndarray) and errors.dtype == np.float32 and errors.shape == shape
        if errors is None or not fits or not np.isfinite(errors).all():
            was = f"{errors.dtype} {errors.shape}" if isinstance(errors, np.ndarray) else repr(errors)[:40]
            raise CommandError(
                f"Monitor: errors = {was} is refused; allowed: float32 {shape}, every one finite"
            )
        return errors

    def _plan(self, light: str, samples: int, upload: bool) -> Plan:
        layers = self._core.layers
        work = {
            "light": LIGHTS.index(light),
            "samples": samples,
            "upload": int(upload),
            "modes": layers[0].inputs,
            "classes": layers[-1].outputs,
            "layers": len(layers),
            "monitors": self._heaters,
        }
        if light == _ADJOINT:
            work |= {"vectors": samples, "features": layers[-1].outputs}
        return chip_plan(self._config, self._host, MONITOR, work)

    def _converted(self, seen: Seen, samples: int, draw: int) -> tuple[Floats, int]:
        """Return what is read of true intensities, with noise and steps, and how many conversions saturated."""
        monitors = self._config.monitors
        draws = normals(seen.intensities.size, draw, self._key)
        read = seen.intensities + np.sqrt(self._variance(seen.intensities, samples)) * draws
        if monitors.adc_bits == 0:
            return read, 0
        step = monitors.full_scale / (2**monitors.adc_bits - 1)
        saturated = int((read > monitors.full_scale).sum())
        return np.floor(np.clip(read, 0.0, monitors.full_scale) / step + 0.5) * step, saturated

    def _variance(self, intensities: Floats, samples: int) -> Floats:
        """Return the variance of ``intensities`` (heaters,): layer by layer, as light is not equally strong."""
        config, monitors, first, found = self._config, self._config.monitors, 0, []
        assert self._lights is not None  # noqa: S101
        for inputs, count in self._lights.by_layer():
            light = light_budget(
                config.laser.power_w_per_wavelength, len(self._core.layers), config.laser.oscillator_fraction,
                inputs, 1, config.activation_clip,
            )  # fmt: skip
            exposure = Exposure.of(
                light.signal_unit_w, monitors.tapped_fraction, monitors.responsivity_a_per_w, samples,
                config.inputs.wavelengths, config.receiver.averages, config.inputs.symbol_rate_hz,
            )  # fmt: skip
            own = intensities[first : first + count]
            found.append(
                intensity_variance(own, exposure, monitors.shot_noise, monitors.thermal_noise_a_per_sqrt_hz)
            )
            first += count
        return np.concatenate(found)


def _refuse_pictures(core: ChipCore) -> None:
    if not all(feed.is_vector for feed in core.design.feeds):
        raise ConfigError(
            "chip.monitors.fitted: errors are not sent back through what cuts pictures into patches; allowed: "
            "false, or layers that take whole vectors"
        )


def _note_errors(errors: NDArray[np.float32], recorder: AnyRecorder) -> None:
    recorder.patterns(errors)
