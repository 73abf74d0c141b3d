"""When light wins time in a training step: the law of docs/training-time-law.md, as functions; no simulation.

Limits: transfers, launches, the latency of the first frame and frames that fly behind other work are left out.
"""

__all__ = ["least_parameters", "most_rows"]

_VALUE_BYTES = 4


def most_rows(parameters: float, bytes_per_s: float, frames: float, rate_hz: float) -> float:
    """Return the rows of a step below which light wins where memory traffic binds: 4 P rate/(B f).

    ``parameters`` P are those whose input gradient feedback saves, ``bytes_per_s`` B is the bandwidth that is
    reached, and a row takes ``frames`` f at ``rate_hz``. Each weight, 4 bytes, is read once for the gradient.
    """
    return _VALUE_BYTES * parameters * rate_hz / (bytes_per_s * frames)


def least_parameters(flops_per_s: float, frames: float, rate_hz: float) -> float:
    """Return the parameters above which light wins where arithmetic binds: F f/(2 rate), whatever the rows.

    ``flops_per_s`` F is what is reached; the gradient takes 2 operations a parameter and row.
    """
    return flops_per_s * frames / (2 * rate_hz)
