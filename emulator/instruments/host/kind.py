"""What the house needs to know of the host."""

from emulator.commands import Compute
from emulator.instruments.host.config import HostConfig
from emulator.instruments.host.effects import EFFECTS
from emulator.instruments.host.host import COMPONENT, Host, host_plan
from emulator.instruments.host.words import WORDS
from emulator.instruments.instrument import InstrumentKind
from emulator.instruments.retiming import Retiming

__all__ = ["KIND"]

KIND = InstrumentKind(
    name="host",
    config=HostConfig,
    commands={Compute: "compute"},
    plan=host_plan,
    idle_w=lambda stand: {COMPONENT: stand.config.idle_power_w},
    build=Host.build,
    counts={"compute": ""},
    retiming=Retiming(EFFECTS, names_itself=True),
    again=lambda row: Compute(row.work["flops"], row.work["bytes"], row.activity),
    words=WORDS,
)
