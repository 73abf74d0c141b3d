"""The checks that ``lightloop check`` knows; a new one is a file and its place in this list."""

from typing import Final

from experiments.check.attacking.attack import ATTACK
from experiments.check.audit import AUDIT
from experiments.check.determinism import DETERMINISM
from experiments.check.estimates import ESTIMATES
from experiments.check.guarding.campaign import GUARD
from experiments.check.keys import KEYS
from experiments.check.kills import KILLS
from experiments.check.planting.mutants import MUTANTS
from experiments.check.retiming import RETIMING
from experiments.check.timings import TIMINGS
from experiments.check.trace_faults import FAULTS
from experiments.check.views import VIEWS
from experiments.sweep.trial import by_name

__all__ = ["CHECKS"]

CHECKS: Final = by_name(
    AUDIT, DETERMINISM, KILLS, FAULTS, RETIMING, VIEWS, ESTIMATES, TIMINGS, KEYS, GUARD, ATTACK, MUTANTS
)
"""Every check, by the word that calls it."""
