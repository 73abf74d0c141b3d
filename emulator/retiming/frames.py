"""The frames of a recording's projections, sent again through the pipeline; no light is in them."""

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.instruments.opu.frames import FrameSender
from emulator.retiming.check import Links, Times
from emulator.retiming.lab import Lab
from emulator.retiming.prices import OPU, Prices

__all__ = ["check_projections", "frame_sender", "projections"]


def frame_sender(lab: Lab) -> FrameSender | None:
    """Return a sender whose pipeline is empty, or None where no optical processing unit stands."""
    if lab.opu is None or lab.opu_design is None:
        return None
    return FrameSender(lab.opu, lab.host, lab.opu_design, lab.seed)


def projections(links: Links, prices: Prices) -> NDArray[np.int64]:
    """Return the rows of the projections, in the order in which they were issued."""
    pipelined = prices.rows.server == OPU
    if not pipelined.any():
        return np.empty(0, dtype=np.int64)
    if links.order.size:
        return np.asarray(links.order[pipelined[links.plan[links.order]]], dtype=np.int64)
    return np.flatnonzero(pipelined[links.plan])


def check_projections(links: Links, prices: Prices, times: Times, lab: Lab, where: str) -> None:
    """Raise ``TraceError`` naming the first projection whose frames took another time than ``lab`` makes them."""
    sender = frame_sender(lab)
    if sender is None:
        return
    for row in projections(links, prices).tolist():
        sent = sender.send(int(times.t_issued[row]), prices.patterns[links.plan[row]])
        found = (int(times.t_started[row]), int(times.t_done[row]))
        if found != (sent.started_ps, sent.done_ps):
            raise TraceError(
                f"{where}: the trace does not follow from its configuration: commands row {row}: its frames went "
                f"from {found[0]} to {found[1]} ps, and should have from {sent.started_ps} to {sent.done_ps} ps"
            )
