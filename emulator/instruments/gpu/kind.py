"""What the house needs to know of GPUs."""

from emulator.commands import Kernel
from emulator.instruments.gpu.check import GpuDesign, check, told
from emulator.instruments.gpu.config import GpuConfig
from emulator.instruments.gpu.effects import EFFECTS
from emulator.instruments.gpu.gpu import Gpu, gpu_plan, idle_w, recorded_kernel
from emulator.instruments.gpu.words import WORDS
from emulator.instruments.instrument import InstrumentKind
from emulator.instruments.retiming import Retiming

__all__ = ["KIND"]

KIND = InstrumentKind(
    name="gpu",
    config=GpuConfig,
    commands={Kernel: "kernel"},
    plan=gpu_plan,
    idle_w=idle_w,
    build=Gpu.build,
    counts={"kernel": ""},
    retiming=Retiming(EFFECTS, names_itself=True),
    again=lambda row: recorded_kernel(row.work, row.activity),
    sized=lambda sizes, _: GpuDesign(sizes[0], sizes[1]),
    told=told,
    check=check,
    words=WORDS,
)
