"""How often each number of the configuration counts in what a projection takes, where no plan tells."""

import math
from collections.abc import Mapping

from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import working_units

__all__ = ["frame_terms"]


def frame_terms(config: OpuConfig, frames: int) -> Mapping[str, float]:
    """Return what ``frames`` take: a period each, an acquisition after the first, and the link once.

    Online it is the software's time after the first. All else stays as it was recorded: formatting, exposure and
    readout, and the wait for frames of the command before.
    """
    frames = -(-frames // working_units(config))
    if config.acquisition == "online":
        return {"online_s": frames - 1.0} if frames > 1 else {}
    camera = config.camera
    free = not camera.rates and camera.rate_limit_hz is None
    clock = "camera.frame_rate_hz" if camera.frame_rate_hz is not None else "camera.gap_s" if free else ""
    terms = {
        clock: float(frames),
        "acquisition_s": float(math.ceil(frames / config.batch_patterns) - 1),
        "pcie.latency_s": 1.0 if frames else 0.0,
    }
    return {path: times for path, times in terms.items() if path and times > 0}
