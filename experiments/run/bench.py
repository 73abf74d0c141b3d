"""The one place that puts the instruments of a study on a bench, and begins its trace."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from emulator.bench import Bench
from emulator.config.models import digest, to_toml
from emulator.errors import TraceError
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.chip.state import Design
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import OpuDesign
from emulator.trace import AnyRecorder, Header, NullRecorder, Recorder
from experiments.run.prepare import Prepared
from experiments.run.study import Study

__all__ = ["bench_of", "design_of", "make_bench", "recorder_of"]

Sizes = Mapping[str, tuple[int, ...]]
_NONE: Sizes = MappingProxyType({})


def make_bench(study: Study, prepared: Prepared, out: Path | None = None, sizes: Sizes = _NONE) -> Bench:
    """Build the bench of ``study``; with ``out`` its trace begins there, else nothing is recorded.

    ``sizes`` are those of instruments that are built to the controller's measure. Raises ``LightloopError`` for
    what cannot be built, before a file exists.
    """
    bench = bench_of(study, prepared, NullRecorder(), sizes)
    return bench if out is None else bench_of(study, prepared, recorder_of(study, out), sizes)


def bench_of(study: Study, prepared: Prepared, recorder: AnyRecorder, sizes: Sizes = _NONE) -> Bench:
    """Build the bench of ``study``, whose network was ``prepared``, around ``recorder``."""
    chip = opu = design = opu_design = None
    for name, config in study.standing().items():
        if isinstance(config, ChipConfig):
            chip, design = config, design_of(prepared)
        if isinstance(config, OpuConfig):
            opu, opu_design = config, OpuDesign(*sizes[name])
    return Bench(
        chip,
        design,
        study.seed,
        study.host,
        study.budget,
        study.clock,
        recorder,
        opu=opu,
        opu_design=opu_design,
    )


def design_of(prepared: Prepared) -> Design:
    """Return what a chip is made of when ``prepared`` was taped out."""
    return Design(prepared.deployment.layers, prepared.deployment.active)


def recorder_of(study: Study, out: Path) -> Recorder:
    """Begin the trace of ``study`` at ``out``, whose folder is made; raises ``TraceError``."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TraceError(
            f"{out.parent}: the folder cannot be made ({error.strerror}); choose another"
        ) from error
    return Recorder.create(out, Header.now(to_toml(study), study.seed, digest(study)), study.trace.detail)
