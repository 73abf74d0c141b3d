"""Real benches, recorded, and their recordings re-timed, to compare; no test lives here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emulator.bench import Bench, RunResult
from emulator.bench_config import BudgetConfig
from emulator.commands import Controller
from emulator.config.models import StrictModel
from emulator.config.toml import to_toml
from emulator.instruments.chip.channels import channels_of
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Stand
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import OpuDesign
from emulator.retiming.lab import Laboratory
from emulator.retiming.recording import Recording
from emulator.retiming.retime import Retimed, load_recording, retime
from emulator.trace import Detail, Header, Recorder
from emulator.trace.analysis.ledger import latency_by_span
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import Trace
from tests.builders import ideal_chip, random_design

SIZES = (6, 5, 3)
OPU_DESIGN = OpuDesign(features=12, outputs=40)
Agents = Callable[[], Mapping[str, Controller]]


@dataclass(frozen=True)
class Outing:
    """What a recorded run left: its trace, and its result."""

    path: Path
    result: RunResult

    def open(self) -> Trace:
        return open_trace(self.path)


def chip_lab(seed: int = 0) -> Laboratory:
    """Return a laboratory with a small chip whose readings do not depend on time."""
    chip = Stand(ideal_chip(), channels_of(random_design(SIZES)))
    return Laboratory(seed, BudgetConfig(), {"chip": chip, "host": Stand(HostConfig())})


def opu_lab(seed: int = 0, **opu: object) -> Laboratory:
    """Return a laboratory with a small optical processing unit besides the chip."""
    lab = chip_lab(seed)
    return lab._replace(lab={**lab.lab, "opu": Stand(OpuConfig.model_validate(opu), OPU_DESIGN)})


def without(lab: Laboratory, name: str) -> Laboratory:
    """Return ``lab`` without the instrument ``name``."""
    return lab._replace(lab={each: stand for each, stand in lab.lab.items() if each != name})


def with_configs(lab: Laboratory, **configs: Any) -> Laboratory:
    """Return ``lab`` with other configurations of instruments, by name."""
    changed = {name: lab.lab[name]._replace(config=config) for name, config in configs.items()}
    return lab._replace(lab={**lab.lab, **changed})


def chip_of(lab: Laboratory) -> ChipConfig:
    config = lab.lab["chip"].config
    assert isinstance(config, ChipConfig)
    return config


def configured(lab: Laboratory, name: str, section: str = "", **values: Any) -> Laboratory:
    """Return ``lab`` with other values of its instrument ``name``, or of a ``section`` of it."""
    stand = lab.lab[name]
    changed = {section: getattr(stand.config, section).model_copy(update=values)} if section else values
    config = stand.config.model_copy(update=changed)
    return lab._replace(lab={**lab.lab, name: stand._replace(config=config)})


class _Sections(StrictModel):
    """What a study would have told the trace of the lab, as far as frames depend on it."""

    host: HostConfig
    opu: OpuConfig | None


def run(lab: Laboratory, agents: Agents, out: Path, detail: Detail = "commands") -> Outing:
    """Run ``agents`` on a fresh bench of ``lab`` into the trace ``out``."""
    stands = dict(lab.lab)
    if "chip" in stands:
        stands["chip"] = stands["chip"]._replace(design=random_design(SIZES))
    opu = stands["opu"].config if "opu" in stands else None
    text = to_toml(_Sections(host=lab.host, opu=opu))
    recorder = Recorder.create(out, Header.now(text, lab.seed), detail)
    return Outing(out, Bench(stands, lab.seed, lab.budget).run(agents(), recorder=recorder))


def recording_of(outing: Outing, lab: Laboratory) -> Recording:
    with outing.open() as trace:
        return load_recording(trace, lab)


def retimed(outing: Outing, old: Laboratory, new: Laboratory) -> Retimed:
    return retime(recording_of(outing, old), new)


def assert_equals_a_real_run(found: Retimed, real: Outing) -> None:
    """Check that a re-timed run has the times, energies and latencies of the ``real`` one."""
    with real.open() as trace:
        commands, latency_s = trace.commands, latency_by_span(trace)
        elapsed_ps, frames = trace.elapsed_ps, trace.frames
    order = np.lexsort((found.times.t_done,))
    for name in ("t_issued", "t_started", "t_done"):
        np.testing.assert_array_equal(
            np.sort(getattr(found.times, name)), np.sort(getattr(commands, name)), err_msg=name
        )
    if np.all(np.diff(found.times.t_done) > 0):
        np.testing.assert_array_equal(found.times.t_issued[order], commands.t_issued)
    assert found.elapsed_ps == elapsed_ps
    assert found.energy_by_component_j.keys() == real.result.energy_by_component_j.keys()
    for name, energy_j in real.result.energy_by_component_j.items():
        np.testing.assert_allclose(found.energy_by_component_j[name], energy_j, rtol=1e-12, err_msg=name)
    shares = {name: share for name, share in latency_s.items() if share}
    assert {name: share for name, share in found.latency_by_span_s.items() if share} == shares
    none = {"vectors": 0, "dark": 0}
    sent = sum(
        s.counts(each, none).sent for s in found.schedule.senders.values() for _, each in found.schedule.sent
    )
    assert sent == frames.sent.sum()
