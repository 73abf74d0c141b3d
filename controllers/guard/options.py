"""The section [guard] of a study: what a guard looks for, and when it believes what it sees."""

from typing import Annotated

from pydantic import Field

from emulator.config.models import PositiveInt, Seconds, StrictModel

__all__ = ["GuardConfig"]

_LONGEST_S = 9e6


class GuardConfig(StrictModel):
    """Watch the readings of a controller for faults, and help it to go on; all numbers are options of method."""

    enabled: bool = False
    """Whether a guard stands between the controller and the bench; its own readings count as queries."""
    heaters: bool = True
    """Whether heaters that do not answer are looked for, confirmed, and left out."""
    detectors: bool = True
    """Whether outputs that read nothing or the end of their range are looked for, waited for, and left out."""
    reference: bool = True
    """Whether readings are divided by the reference arm's, once a layer, and waited for beyond its range."""
    silent_ratio: Annotated[float, Field(ge=1, le=100)] = 2.0
    """Mean square of two readings' difference, over that of noise, below which a heater is silent, [1, 100]."""
    quiet: Annotated[float, Field(ge=0, le=10)] = 1e-4
    """Difference in activation units that is taken for none, beside noise, [0, 10]."""
    suspect_after: PositiveInt = 3
    """Moves in a row that a heater leaves unanswered until it is driven by quarter turns to make sure."""
    confirm_readings: Annotated[int, Field(ge=1, le=1000)] = 2
    """Readings in a row by which an output is found broken, or whole again."""
    reference_range: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """Deviation of the reference arm from 1 beyond which readings are not trusted, (0, 1)."""
    pause_s: Annotated[Seconds, Field(gt=0, le=_LONGEST_S)] = 1e-3
    """Time between two looks while waiting, in seconds, (0, 9e6]."""
    patience_s: Annotated[Seconds, Field(ge=0, le=_LONGEST_S)] = 10e-3
    """Time for which a fault is waited for until the run goes on without the part, in seconds, [0, 9e6]."""
    divergence_ratio: Annotated[float, Field(gt=1, le=1000)] = 2.0
    """Running loss, over the lowest one so far, from which on it is said to diverge, (1, 1000]."""
    check_every: PositiveInt = 50
    """Projections between two looks at the medium by the same vectors."""
    check_vectors: Annotated[int, Field(ge=2, le=10_000)] = 16
    """How many vectors those are."""
    min_correlation: Annotated[float, Field(gt=0, lt=1)] = 0.9
    """Correlation with the first look below which the medium is said to have drifted, (0, 1)."""
