"""Benches drawn at random for the simulation: tiny chips and units, odd parameters, limits; nothing is built here.

All of them are drawn by dotted paths, as a study's ``--set`` has them, so that what is drawn is what users can say.
The values are chosen to differ, not to describe a device: they carry no source and none is assumed.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from emulator.bench_config import BudgetConfig
from emulator.config.models import Tree, build, merge, with_overrides
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.chip.fabrication import Design
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Lab, Stand
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import OpuDesign
from emulator.physics.chip.mesh import decompose_matrix

__all__ = [
    "CHIP",
    "FAULT_CHANCE",
    "HOST",
    "LIMITS",
    "LOSSES",
    "OPU",
    "Choices",
    "Plant",
    "budget_of",
    "draw_plant",
    "limits",
    "overrides",
]

FAULT_CHANCE: Final = 0.25
"""Chance of each kind of fault to be active in a run; FoundationDB activates each of its BUGGIFY sites with it."""

Choices = Mapping[str, tuple[str, ...]]
"""Values to choose from, by dotted path; an empty text leaves what is there."""

CHIP: Final[Choices] = {
    "mesh.shape": ("", "square"),
    "mesh.rotation": ("", "cw"),
    "mesh.insertion_loss_db": ("", "", "0.3"),
    "heaters.dynamics": ("", "instant"),
    "heaters.settle_s": ("", "0", "5 tau", "100 us"),
    "heaters.p_pi_w": ("", "1 mW"),
    "heaters.omega": ("", "0", "0.02"),
    "heaters.coupling": ("", "", "spacing"),
    "heaters.substrate_coupling": ("", "", "1e-3"),
    "heaters.sigma_gamma": ("", "0"),
    "heaters.sigma_devices": ("", "ideal"),
    "dac.bits": ("", "0", "4", "16"),
    "dac.update_s": ("", "0", "1 ms"),
    "dac.shared_power_w": ("", "1.5"),
    "link.latency_s": ("", "0", "3 us", "1 ms"),
    "link.rate_bit_per_s": ("", "1e6", "1e11"),
    "inputs.bits": ("", "0", "5"),
    "inputs.wavelengths": ("", "1", "3"),
    "inputs.symbol_rate_hz": ("", "1e7"),
    "receiver.adc_bits": ("", "0", "3"),
    "receiver.adc_s": ("", "0", "5 us"),
    "receiver.shot_noise": ("", "false"),
    "receiver.averages": ("", "1"),
    "sequencer.decision_s": ("", "0", "1 us"),
    "sequencer.power_w": ("", "0"),
    "monitors.fitted": ("", "true"),
    "laser.power_w_per_wavelength": ("", "0.1"),
}
"""What may be odd about a chip."""

_IDEAL: Final = (
    "mesh.insertion_loss_db=0", "heaters.dynamics=instant", "heaters.omega=0", "heaters.coupling=omega",
    "heaters.substrate_coupling=0", "heaters.sigma_gamma=0", "dac.bits=0", "inputs.bits=0", "receiver.adc_bits=0",
    "receiver.shot_noise=false", "receiver.thermal_noise_a_per_sqrt_hz=0", "monitors.fitted=false",
)  # fmt: skip
"""A chip that does at once, and exactly, what it is told; its numbers can be computed apart."""

OPU: Final[Choices] = {
    "fidelity": ("", "", "field"),
    "dmd.encoding": ("binary", "ternary", "bitplanes"),
    "dmd.memory_patterns": ("", "2"),
    "camera.noise": ("", "false"),
    "camera.exposure_s": ("", "100 us"),
    "camera.frame_rate_hz": ("", "1500", "100"),
    "camera.buffer_frames": ("", "1", "2"),
    "recovery.mode": ("", "phase_shifting", "anchor", "intensity"),
    "medium.store": ("", "streamed", "structured"),
    "pcie.latency_s": ("", "0", "50 us", "1 ms"),
    "pcie.rate_bit_per_s": ("", "1e6", "1e8"),
    "pcie.buffer_frames": ("", "1", "3"),
    "pcie.deadline_s": ("", "", "3 ms"),
    "batch_patterns": ("", "2"),
    "acquisition_s": ("", "1 ms"),
    "retries": ("", "0", "2"),
    "skip_zero": ("", "true"),
    "power_w": ("", "3"),
}
"""What may be odd about a unit."""

_SMALL_OPU: Final[Tree] = {
    "camera": {"rows_max": 64, "columns": 64},
    "dmd": {"rows": 40, "columns": 40},
}

LOSSES: Final[Choices] = {"camera.missed_probability": ("0.1", "0.3"), "dmd.torn_probability": ("0.1", "0.3")}
"""Frames that are lost by chance: each a fault."""

HOST: Final[Choices] = {
    "overhead_s": ("", "0", "200 us"),
    "launch_s": ("", "0", "1 ms"),
    "flops_per_s": ("", "1e8"),
    "bytes_per_s": ("", "1e6"),
    "idle_power_w": ("", "0"),
    "active_power_w": ("", "333"),
    "frame_power_w": ("", "0", "7"),
}
"""What may be odd about the host."""

LIMITS: Final[Choices] = {
    "queries": ("1", "7", "20"),
    "time_s": ("20 us", "1 ms", "30 ms"),
    "energy_j": ("0.001", "0.1"),
    "peak_power_w": ("50", "150"),
    "commands": ("9", "25"),
}
"""Budgets of which one may be there."""

_INTENSITY: Final = "recovery.mode=intensity"
_LIMITED: Final = 0.35
_IDEAL_CHANCE: Final = 0.3


class Plant(NamedTuple):
    """Hold what stands on a bench, and whether its chip is ideal."""

    lab: Lab
    ideal: bool


def overrides(choices: Choices, rng: np.random.Generator, prefix: str = "") -> list[str]:
    """Return a value for each path of ``choices``, as ``--set`` has it; one that is left alone is missing."""
    chosen = {path: values[int(rng.integers(len(values)))] for path, values in choices.items()}
    return [f"{prefix}{path}={value}" for path, value in chosen.items() if value]


def limits(rng: np.random.Generator) -> list[str]:
    """Return no limit, or one."""
    if rng.random() >= _LIMITED:
        return []
    name = tuple(LIMITS)[int(rng.integers(len(LIMITS)))]
    return overrides({name: LIMITS[name]}, rng)


def draw_plant(rng: np.random.Generator) -> Plant:
    """Return a bench with a chip, a unit or both, and a host."""
    standing = ("chip", "opu", "chip opu")[int(rng.integers(3))]
    ideal = rng.random() < _IDEAL_CHANCE
    lab: dict[str, Stand] = {
        "host": Stand(build(HostConfig, with_overrides({}, overrides(HOST, rng)), "host"))
    }
    if "chip" in standing:
        lab["chip"] = _chip(rng, ideal)
    if "opu" in standing:
        lab["opu"] = _opu(rng)
    return Plant(lab, ideal)


def _chip(rng: np.random.Generator, ideal: bool) -> Stand:
    sizes = rng.integers(2, 6, size=int(rng.integers(2, 4)))
    wanted = [*overrides(CHIP, rng), *(_IDEAL if ideal else ())]
    config = build(ChipConfig, with_overrides({}, wanted), "chip")
    layers = []
    for inputs, outputs in zip(sizes[:-1].tolist(), sizes[1:].tolist(), strict=True):
        matrix = rng.standard_normal((outputs, inputs))
        matrix *= rng.uniform(0.3, 0.99) * config.mesh.sigma_max / np.linalg.norm(matrix, 2)
        layers.append(
            decompose_matrix(matrix, config.mesh.sigma_max, config.mesh.shape, config.mesh.rotation)
        )
    active = rng.random(sum(layer.count for layer in layers)) < rng.choice([0.3, 1.0])
    active[0] = True
    dead = rng.permutation(np.flatnonzero(active))[: int(rng.random() < FAULT_CHANCE)].tolist()
    config = build(ChipConfig, with_overrides({}, [*wanted, f"heaters.dead={dead}"]), "chip")
    return Stand(config, Design(tuple(layers), active))


def _opu(rng: np.random.Generator) -> Stand:
    features, outputs = int(rng.integers(2, 9)), int(rng.integers(1, 9))
    lost = {path: values for path, values in LOSSES.items() if rng.random() < FAULT_CHANCE}
    wanted = [*overrides(OPU, rng), *overrides(lost, rng)]
    if _INTENSITY in wanted:  # whose patterns cannot be added up
        wanted.append("dmd.encoding=binary")
    config = build(OpuConfig, merge(_SMALL_OPU, with_overrides({}, wanted)), "opu")
    shows = {"binary": "binary", "ternary": "ternary", "bitplanes": "any"}[config.dmd.encoding]
    return Stand(config, OpuDesign(features, outputs, shows))


def budget_of(rng: np.random.Generator) -> BudgetConfig:
    """Return the limits of a run, which may be none."""
    return build(BudgetConfig, with_overrides({}, limits(rng)), "budget")
