"""What the walk over keys has to know: what need not act and why, what acts only with others, what to try."""

from collections.abc import Mapping
from typing import Final

__all__ = ["CONTEXTS", "EXCEPTIONS", "SETTINGS", "STEP", "VALUES"]

_OTHER_FILE: Final = "0" * 64
_METRICS: Final = "decides when something is measured, at no cost: it changes rows of metrics alone"
_LIST: Final = "is a list of sections, each with a walk of its own kind:"

_DIFFERENCES: Final = {"difference_rad": 0.1, "learning_rate": 0.1, "step_decay": 0.5, "epoch_iterations": 1}

SETTINGS: Final[Mapping[str, Mapping[str, object]]] = {
    "szo_scd": {"sparsity": 0.6, "epoch_iterations": 2, "power_awareness": 0.5},
    "stp": {"sparsity": 0.6, "epoch_iterations": 2},
    "flops": {"sparsity": 0.6, "epoch_iterations": 2, "samples": 4},
    "zadam": {**_DIFFERENCES, "sparsity": 0.3},
    "znewton": {**_DIFFERENCES, "sparsity": 0.2},
    "admm": {"sparsity": 0.6, "step_decay": 0.5, "epoch_iterations": 2, "dual_iterations": 1},
    "phase_sweep": {"levels": 2},
    "subspace_newton": {"directions": 4, "samples": 20},
    "cmaes": {"population": 4},
    "ga": {"population": 6},
    "pso": {"population": 4},
    "odfa": {"epochs": 2, "align_every": 2},
    "twin_online": {"look": 3, "fit_products": 4, "poke_readings": 4},
    "fd_gauss_newton": {"samples": 16},
    "twin_fit": {"readings": 3, "train_steps": 10, "fit_products": 4, "poke_readings": 4},
}
"""Of a kind of controller, the options of its tiny study beside kind, batch_size and, on a chip, queries."""

STEP: Final[Mapping[str, object]] = {
    "workload.width": 6,
    "workload.depth": 3,
    "workload.inputs": 8,
    "workload.outputs": 4,
    "workload.batch": 4,
    "workload.method": "odfa",
    "workload.steps": 3,
}
"""The tiny training that is timed and not computed."""

EXCEPTIONS: Final[Mapping[str, str]] = {
    "title": "says in words what the study is about",
    "trace.detail": "decides how much is kept of a run, and not what happens",
    "clock.mode": "paces the run by the wall clock, which no emulated number sees",
    "clock.factor": "paces the run by the wall clock, which no emulated number sees",
    "evaluation.every_queries": _METRICS,
    "controller.kind": "makes another study, which has a walk of its own",
    "agents": f"{_LIST} tests/contracts/test_agents.py",
    "chip.noise": f"{_LIST} tests/emulator/instruments/chip/noise",
    "opu.camera.rates": f"{_LIST} tests/emulator/instruments/opu",
    "szo_scd:task.name": "gives way to task.file, which the tiny study has; odfa's walk changes it",
    "szo_scd:host.flops_per_s": "prices computations; this controller asks for none but host.overhead_s",
    "szo_scd:host.bytes_per_s": "prices computations; this controller asks for none but host.overhead_s",
    "szo_scd:host.launch_s": "prices computations; this controller asks for none but host.overhead_s",
    "szo_scd:host.frame_power_w": "is drawn while frames are handled; a chip has none",
    **dict.fromkeys(
        (
            "step_graph:opu.fidelity",
            "step_graph:opu.medium.store",
            "step_graph:opu.camera.full_well_e",
            "step_graph:opu.camera.bits",
            "step_graph:opu.camera.read_noise_e",
            "step_graph:opu.camera.noise",
            "step_graph:opu.camera.reference",
            "step_graph:opu.camera.speckle",
            "step_graph:opu.camera.nominal_exposure_s",
            "step_graph:opu.camera.lit_max",
            "step_graph:opu.recovery.anchor_group",
            "step_graph:seed",
        ),
        "is of light or of numbers, which a training that is timed alone does not have; odfa's walk changes it",
    ),
    **dict.fromkeys(
        ("step_graph:host.overhead_s", "step_graph:host.active_power_w", "step_graph:host.launch_s"),
        "prices computations of the host; this controller asks the GPU for all but the grabbing of frames",
    ),
    "step_graph:opu.skip_zero": "spares dark vectors; a training that is timed alone takes none to be dark",
    "step_graph:workload.numeric": "changes no time: tests/experiments/scale compares the ledgers",
    "step_graph:workload.split_projection": "lifts a refusal: tests/experiments/run/preflight has it",
    "step_graph:task.name": "is refused: [task] is no section of a training that is timed alone",
    "step_graph:gpu.memory_bytes": "is a limit: too little is refused, and more is not faster",
    "odfa:host.overhead_s": "prices the thought upon a chip's reading; a training pays for what it computes",
    "odfa:controller.align_every": _METRICS,
    "step_graph:guard.enabled": "watches readings and losses, and a training that is timed alone has neither",
    "guard.divergence_ratio": "decides from when on a risen loss is told: it changes rows of metrics alone",
    "guard.check_every": "is of looks at a medium: tests/controllers/guard/test_projections.py",
    "guard.check_vectors": "is of looks at a medium: tests/controllers/guard/test_projections.py",
    "guard.min_correlation": "is of looks at a medium: tests/controllers/guard/test_guard.py",
    "odfa:controller.report_steps": _METRICS,
    **{
        f"{controller}:guard.{key}": "is of looks at a chip, which a bench of light does not have"
        for controller in ("odfa", "step_graph")
        for key in (
            "heaters",
            "silent_ratio",
            "quiet",
            "suspect_after",
            "detectors",
            "confirm_readings",
            "pause_s",
            "patience_s",
            "reference",
            "reference_range",
        )
    },
    "opu.rated_inputs": "is the size for which `lightloop presets` states a rate; no run has it",
    "opu.rated_outputs": "is the size for which `lightloop presets` states a rate; no run has it",
}
"""Keys, or controller:key, that need not act, with the reason."""

_SEQUENCER: Final = {"controller.loop": "sequencer"}
_MONITORED: Final = {
    "controller.kind": "avm", "controller.sparsity": None, "controller.epoch_iterations": None,
    "controller.power_awareness": None,
}  # fmt: skip
_DEAD: Final = {
    "guard.enabled": True, "guard.pause_s": 1e-5, "guard.patience_s": 1e-4,
    "agents": [{"kind": "dead_detector", "indices": [4], "at_s": 1e-4}],
}  # fmt: skip
_STUCK: Final = {"guard.enabled": True, "agents": [{"kind": "open_heater", "count": 1}]}
_DIMMED: Final = {
    "guard.enabled": True, "guard.pause_s": 1e-5, "guard.patience_s": 1e-4,
    "agents": [{"kind": "laser_drift", "change": -0.5, "tau_s": 1e-4, "every_s": 1e-4}],
}  # fmt: skip
_PLAN: Final = {"chip.heaters.coupling": "spacing"}
_FREE: Final = {"budget.queries": None}
_TEST: Final = {"task.test_file": "@test.npz"}

_TEXT: Final = {
    "task.file": None, "task.name": "dialogue", "task.model": "transformer", "task.hidden": [8, 8],
    "task.context": 8, "task.vocabulary": 100,
}  # fmt: skip

_MAPS: Final = {
    "task.file": None, "task.name": "climate_na", "task.hidden": [8], "controller.batch_size": 64, "task.eofs": 2,
}  # fmt: skip

_PATCHES: Final = {"workload.network": "vit", "workload.context": 4, "workload.heads": 2}

CONTEXTS: Final[Mapping[str, Mapping[str, object]]] = {
    "guard.heaters": _STUCK,
    "guard.silent_ratio": {**_STUCK, "controller.step_rad": 1e-3},
    "guard.quiet": _STUCK,
    "guard.suspect_after": _STUCK,
    "guard.detectors": _DEAD,
    "guard.confirm_readings": _DEAD,
    "guard.pause_s": _DEAD,
    "guard.patience_s": _DEAD,
    "guard.reference": _DIMMED,
    "guard.reference_range": _DIMMED,
    "szo_scd:budget.components": {"budget.energy_j": 0.01},
    "odfa:budget.components": {"budget.energy_j": 2.0},
    **dict.fromkeys((f"{kind}:controller.queries" for kind in ("cmaes", "ga", "pso")), _FREE),
    "task.split": _TEST,
    "task.test_file_digest": _TEST,
    "step_graph:task.split": {},
    "step_graph:task.test_file_digest": {},
    "step_graph:workload.context": _PATCHES,
    "step_graph:workload.heads": _PATCHES,
    "step_graph:budget.components": {"budget.energy_j": 0.01},
    "gpu.half_flops_per_s": {"workload.precision": "half", "gpu.bytes_per_s": 1e18, "gpu.launch_s": 0.0},
    "gpu.summed_s": {"workload.batch": 1},
    "gpu.made_s": {"workload.batch": 1, "gpu.summed_s": 0.0},
    "gpu.offload_crossings": {"gpu.offload": True},
    "gpu.prefetch": {"gpu.offload": True},
    "gpu.interconnect_bytes_per_s": {"gpu.count": 2},
    "odfa:task.components": {"task.file": None, "task.name": "vowel", "controller.batch_size": 32},
    "odfa:task.name": {"task.file": None, "task.name": "vowel", "controller.batch_size": 32},
    "odfa:task.heads": _TEXT,
    "odfa:task.context": _TEXT,
    "odfa:task.vocabulary": _TEXT,
    "odfa:task.eofs": _MAPS,
    "odfa:task.whitened": _MAPS,
    "odfa:task.metric": {"task.kind": "regression"},
    "controller.pruning": {"controller.power_awareness": 0.9, "controller.power_estimate": "signed"},
    "controller.insertion_loss": {"chip.mesh.insertion_loss_db": 0.5},
    "controller.poke_rad": {"controller.poke": "each"},
    "controller.poke_readings": {"controller.poke": "together"},
    "controller.window": {"controller.refits": [20]},
    "chip.heaters.stage_pitch_m": {**_PLAN, "chip.heaters.reach_m": 3e-4},
    "chip.heaters.pair_pitch_m": _PLAN,
    "chip.heaters.reach_m": _PLAN,
    "chip.heaters.contact_coupling": _PLAN,
    "chip.heaters.decay_per_m": _PLAN,
    "chip.heaters.substrate_tau_s": {"chip.heaters.substrate_coupling": 1e-3},
    "chip.dac.v_max_v": {"chip.dac.domain": "voltage"},
    **{
        f"chip.monitors.{key}": _MONITORED
        for key in (
            "tapped_fraction",
            "shot_noise",
            "thermal_noise_a_per_sqrt_hz",
            "responsivity_a_per_w",
            "adc_bits",
            "full_scale",
            "read_s",
            "power_w_per_channel",
        )
    },
    "chip.sequencer.decision_s": _SEQUENCER,
    "chip.sequencer.power_w": _SEQUENCER,
    "opu.dmd.precision": {"opu.dmd.encoding": "bitplanes"},
    "opu.retries": {"opu.camera.missed_probability": 0.5},
    "opu.recovery.phase_steps": {"opu.recovery.mode": "phase_shifting"},
    "opu.recovery.anchor_group": {"opu.recovery.mode": "anchor"},
    "opu.recovery.anchor_frames": {"opu.recovery.mode": "anchor"},
    "opu.online_s": {"opu.acquisition": "online"},
    "opu.split": {"opu.count": 2},
    "workload.parallel": {"gpu.count": 2},
    "workload.microbatches": {"workload.parallel": "pipeline", "gpu.count": 2},
    "opu.batch_patterns": {"opu.acquisition_s": 1e-3},
    "opu.camera.rows_max": {"opu.camera.roi_rows": 64},
    "opu.camera.buffer_frames": {"opu.camera.roi_rows": 1088, "opu.pcie.rate_bit_per_s": 1e9},
    "opu.pcie.buffer_frames": {"host.bytes_per_s": 1e5},
    "opu.dmd.memory_patterns": {"opu.pcie.rate_bit_per_s": 1e5},
    "opu.skip_zero": {"controller.threshold": 0.6},
    "controller.planes": {"controller.row_scale": True},
}
"""What has to hold for a key to act, beside the tiny study; None takes a key out of it."""

VALUES: Final[Mapping[str, tuple[object, ...]]] = {
    "budget.components": (["host"],),
    "task.name": ("mnist8x8",),
    "task.classes": ([1, 0],),
    "task.labels": (["1", "0"],),
    "task.split": ("random",),
    "task.model": ("cnn",),
    "task.layers": ("c4s2",),
    "task.hidden": ([5],),
    "task.file": ("@more.npz",),
    "task.test_file": ("@test.npz",),
    "task.target": ("z",),
    "task.features": (["u"],),
    "task.kind": ("regression",),
    "task.metric": ("rmse",),
    "task.size": (5,),
    "task.context": (16,),
    "task.vocabulary": (110,),
    "task.components": (6,),
    "task.weights": ("@others.npz",),
    "task.file_digest": (_OTHER_FILE,),
    "task.test_file_digest": (_OTHER_FILE,),
    "task.weights_digest": (_OTHER_FILE,),
    "controller.refits": ([10],),
    "controller.explained": (1e-6, 1.0),
    "chip.heaters.dead": ([3], [4], [5], [12], [13]),
    "chip.monitors.full_scale": (0.5, 0.1),
    "guard.silent_ratio": (10.0, 100.0),
    "opu.dmd.memory_patterns": (1, 2),
    "opu.medium.max_stored_bytes": (10,),
    "opu.camera.rows_max": (16,),
    "opu.camera.buffer_frames": (1, 2),
    "opu.pcie.buffer_frames": (1, 2),
    "opu.batch_patterns": (1, 2),
    "opu.retries": (0, 1),
}
"""Values to try where the type does not say them; @ stands for the walk's folder."""
