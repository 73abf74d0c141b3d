"""The frames of recorded projections, sent again through the pipeline; no light is in them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from emulator.commands import FrameCounts
from emulator.errors import ConfigError
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Stand
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.frames import FrameSender, Sent
from emulator.instruments.opu.spans import STAGES
from emulator.instruments.opu.timing import frame_budget, patterns_of
from emulator.instruments.retiming import Stage
from emulator.trace.schema import Frames

__all__ = ["GRABBING", "FrameResender"]

GRABBING: Final = "host.frames"
"""The component that draws while the host grabs frames."""


class FrameResender:
    """Send the frames of one recorded projection after the other."""

    def __init__(self, stand: Stand, host: HostConfig, seed: int) -> None:
        if stand.design is None:
            raise ConfigError("opu: nothing says what the unit projects; its frames cannot be sent again")
        self._config: OpuConfig = stand.config
        self._sender = FrameSender(stand.config, host, stand.design, seed)
        self.binds = frame_budget(stand.config, host, stand.design).binds

    def send(self, issued_ps: int, work: Mapping[str, int]) -> Sent:
        """Send the frames of a projection of ``work``; none of them leaves before ``issued_ps``."""
        return self._sender.send(issued_ps, patterns_of(self._config, work["vectors"], work["dark"]))

    def draws(self, sent: Sent) -> Sequence[tuple[int, int, float]]:
        """Return what grabbing draws: from when, until when (ps), and how many watts."""
        return [draw[1:] for draw in self._sender.draws(sent, 0)]

    def stages(self, sent: Sent) -> Iterator[Stage]:
        """Yield what each stage did, pass by pass, for the frames that reached it."""
        for times in sent.passes:
            for resource, activity, first, last in STAGES:
                start, end = getattr(times, first), getattr(times, last)
                came = end > start
                if came.any():
                    yield Stage(resource, activity, start[came], end[came])

    def counts(self, sent: Sent, work: Mapping[str, int]) -> FrameCounts:
        """Return the ledger of the frames."""
        return sent.counts(work["vectors"], work["dark"] if self._config.skip_zero else 0)

    def value(self, sent: Sent, work: Mapping[str, int]) -> float:
        """Return the frames that were used."""
        return float(self.counts(sent, work).used)

    def cautions(self, recorded: Frames, sent: Sequence[tuple[int, Sent]]) -> Iterator[str]:
        """Yield that frames are lost or late which in the recording were not, or the other way round."""
        if not sent or not len(recorded.command):
            return
        lost_then = recorded.sent - recorded.used
        lost_now, unused = {}, 0
        for row, one in sent:
            counts = one.counts(0, 0)
            lost_now[row] = counts.sent - counts.used
            unused += len(one.used) - counts.used
        then = dict(zip(recorded.command.tolist(), lost_then.tolist(), strict=True))
        differing = sum(lost != then.get(row, 0) for row, lost in lost_now.items())
        if differing:
            yield (
                f"{sum(lost_now.values())} frames are lost or late, in the recording {int(lost_then.sum())}; "
                f"{differing} projections differ, and {unused} frames stay lost for good: the load is another than "
                "was recorded, and the recorded projections are kept"
            )
