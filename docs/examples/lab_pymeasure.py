"""A bench as a PyMeasure instrument, with a channel for each heater: ``python lab_pymeasure.py [PORT]``."""

import math
import sys
from typing import Any

from pymeasure.adapters import VISAAdapter
from pymeasure.instruments import Channel, Instrument, SCPIMixin
from pymeasure.instruments.validators import strict_range


class Heater(Channel):
    """A heater of the chip."""

    phase = Channel.control(
        "CHIP:PHASe? (@{ch})",
        "CHIP:PHASe (@{ch}),%.12g",
        """Control the phase to which the heater is driven, in radians; the heat follows.""",
        validator=strict_range,
        values=(0.0, 2.0 * math.pi),
    )


class LentBench(SCPIMixin, Instrument):
    """A chip that ``lightloop serve`` lends; ``heaters[n]``, or ``heater_n``, is its channel n, from 1."""

    heaters: dict[int, Heater]
    size = Instrument.measurement("CHIP:SIZE?", """Get values of a sample, and outputs.""", cast=int)
    inputs = Instrument.setting(
        "CHIP:INPut %s",
        """Set what is on the inputs, in activation units.""",
        set_process=lambda values: ",".join(map(repr, values)),
    )
    outputs = Instrument.measurement(
        "CHIP:READ?", """Measure what the receivers read, in activation units: one query."""
    )
    power = Instrument.measurement("CHIP:POWer?", """Get what the heaters draw, in watts.""")
    time = Instrument.measurement("SYSTem:TIME?", """Get the emulated time, in seconds.""")

    def __init__(self, adapter: Any, name: str = "Lightloop's bench", **kwargs: Any) -> None:
        super().__init__(adapter, name, **kwargs)
        for channel in range(1, int(self.ask("CHIP:HEATers:COUNt?")) + 1):
            self.add_child(Heater, channel, collection="heaters", prefix="heater_")


if __name__ == "__main__":
    port = sys.argv[1] if len(sys.argv) > 1 else "5025"
    wire = VISAAdapter(
        f"TCPIP::127.0.0.1::{port}::SOCKET", "@py", read_termination="\n", write_termination="\n"
    )
    bench = LentBench(wire)
    print(bench.id)
    bench.inputs = [0.5] * bench.size[0]
    for radians in (0.0, 0.4, 0.8):
        bench.heaters[1].phase = radians
        settled = bench.complete  # *OPC?: it answers when the heat has settled
        print(settled, bench.heaters[1].phase, bench.outputs)
    print(f"{bench.power} W, {bench.time} s, errors: {bench.check_errors()}")
