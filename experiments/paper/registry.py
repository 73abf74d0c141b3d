"""The experiments that ``lightloop paper`` knows; a new one is a file and its place in this list."""

from typing import Final

from experiments.paper.faults.fault_costs import FAULT_COSTS
from experiments.paper.light_in_the_loop.latency import LATENCY
from experiments.paper.light_in_the_loop.light import LIGHT
from experiments.paper.light_in_the_loop.rates import LIGHT_RATES
from experiments.paper.light_in_the_loop.recovery import RECOVERY
from experiments.paper.light_in_the_loop.ternary_curves import TERNARY
from experiments.paper.machines.contest import MACHINES
from experiments.paper.machines.receiver import RECEIVER
from experiments.paper.machines.settling import SETTLING
from experiments.paper.machines.tries import TRIES
from experiments.paper.machines.twin import TWIN
from experiments.paper.odfa.climate import ODFA_CLIMATE
from experiments.paper.odfa.dialogue import ODFA_DIALOGUE
from experiments.paper.odfa.diffusion import ODFA_DIFFUSION
from experiments.paper.szo_scd.alpha import ALPHA
from experiments.paper.szo_scd.convolutions import TABLE2, TABLE4
from experiments.paper.szo_scd.drift import DRIFT
from experiments.paper.szo_scd.fig4 import FIG4
from experiments.paper.szo_scd.fig5 import FIG5
from experiments.paper.szo_scd.fig6 import FIG6
from experiments.paper.szo_scd.power import POWER
from experiments.paper.szo_scd.table1 import TABLE1
from experiments.paper.szo_scd.table3 import TABLE3
from experiments.paper.training_time.figure4 import FIGURE4
from experiments.paper.training_time.walls import WALLS
from experiments.paper.training_time.what_ifs import WHAT_IFS
from experiments.sweep.trial import by_name

__all__ = ["CHIP", "EXPERIMENTS"]

CHIP: Final = (
    ALPHA, POWER, DRIFT, FIG4, FIG5, FIG6, TABLE1, TABLE2, TABLE3, TABLE4, SETTLING, RECEIVER, MACHINES, TWIN,
)  # fmt: skip
"""Those of a chip: points of studies with queries."""

EXPERIMENTS: Final = by_name(
    *(one.trial for one in CHIP),
    TRIES,
    LIGHT,
    LIGHT_RATES,
    TERNARY,
    RECOVERY,
    LATENCY,
    FAULT_COSTS,
    FIGURE4,
    WHAT_IFS,
    WALLS,
    ODFA_CLIMATE,
    ODFA_DIFFUSION,
    ODFA_DIALOGUE,
)
"""Every experiment, by the word that calls it."""
