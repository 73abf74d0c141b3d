"""The controllers by name; adding one is one file and one line here."""

from collections.abc import Mapping

from controllers.digital_twin import twin_fit, twin_online
from controllers.feedback_alignment import odfa
from controllers.gauss_newton import fd_gauss_newton, subspace_newton
from controllers.in_situ import avm
from controllers.kind import Kind
from controllers.populations import cmaes, ga, pso
from controllers.step_graph import agent as step_graph
from controllers.zeroth_order import admm, flops, phase_sweep, stp, szo_scd, zadam, znewton

__all__ = ["CONTROLLERS", "DEFAULT", "by_name"]


def by_name(*kinds: Kind) -> Mapping[str, Kind]:
    """Return ``kinds`` by their names, in order."""
    return {kind.name: kind for kind in kinds}


CONTROLLERS = by_name(
    szo_scd.KIND,
    stp.KIND,
    flops.KIND,
    zadam.KIND,
    znewton.KIND,
    admm.KIND,
    phase_sweep.KIND,
    twin_online.KIND,
    twin_fit.KIND,
    fd_gauss_newton.KIND,
    subspace_newton.KIND,
    cmaes.KIND,
    ga.KIND,
    pso.KIND,
    odfa.KIND,
    avm.KIND,
    step_graph.KIND,
)

DEFAULT = szo_scd.KIND.name
"""The controller of a study that names none."""
