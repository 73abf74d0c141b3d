"""A link that is late at times: how long traffic of others holds it, and how often a lost packet is sent again.

Modelled: delays with an exponential distribution, and packets that are lost independently and are each sent again
after a fixed time. Not modelled: delays that depend on each other, and packets that come twice or out of order.
"""

import math

from emulator.errors import PhysicsError

__all__ = ["exponential_delay_s", "losses_in_a_row"]


def exponential_delay_s(share: float, mean_s: float) -> float:
    """Return the delay below which a ``share`` of all delays with the mean ``mean_s`` stays: -mean ln(1 - share).

    A uniformly drawn share makes delays of that distribution. Raises ``PhysicsError`` for a share or a mean beyond.
    """
    if not (0.0 <= share < 1.0 and mean_s >= 0.0):
        raise PhysicsError(
            f"link: share {share:g} of delays with mean {mean_s:g} s; allowed: [0, 1), and >= 0 s"
        )
    return -mean_s * math.log1p(-share)


def losses_in_a_row(share: float, probability: float) -> int:
    """Return how often a packet is lost before it comes through: n or more times with ``probability`` to the n.

    ``share`` in [0, 1) is drawn uniformly; the mean is p / (1 - p). Raises ``PhysicsError`` unless both lie in
    [0, 1).
    """
    if not (0.0 <= share < 1.0 and 0.0 <= probability < 1.0):
        raise PhysicsError(f"link: share {share:g}, probability {probability:g}; allowed: both in [0, 1)")
    if probability == 0.0:
        return 0
    return math.floor(math.log1p(-share) / math.log(probability))
