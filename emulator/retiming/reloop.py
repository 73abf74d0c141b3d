"""A recording whose loop somebody else closes: the same rows, asked for in other groups; no time is set here."""

from collections import Counter
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError
from emulator.instruments.retiming import Asked
from emulator.retiming.lab import Laboratory
from emulator.retiming.prices import PlanFacts, price
from emulator.retiming.recording import Recording, is_sequential

__all__ = ["relooped"]


def relooped(
    recording: Recording,
    laboratory: Laboratory,
    loop: str,
    target: NDArray[np.int32],
    unvisited: int,
) -> Recording:
    """Return ``recording`` as if ``loop`` had closed the loop of its main agent, in ``laboratory``.

    ``target`` (n,) is that column of the trace; the last iteration had ``unvisited`` more to come to. Raises
    ``ConfigError`` where no instrument here knows the loop, or what was recorded is no loop that can be so closed.
    """
    for kind, stand in laboratory.standing():
        rule = kind.retiming.loops.get(loop)
        if rule is not None:
            rows = _rows(recording, kind.name)
            found = rule(stand.config, _asked(recording, rows, target), unvisited)
            return _regrouped(recording, laboratory, rows, found.asked, found.cautions, kind.name)
    raise ConfigError(f"re-timing: no instrument on the bench knows of a loop {loop!r}")


def _rows(recording: Recording, instrument: str) -> NDArray[np.int64]:
    """Return the rows of the main agent on ``instrument``; refuse what was waited for in between."""
    links = recording.links
    mine = np.array([facts.instrument == instrument for facts in recording.plans], dtype=np.bool_)
    rows = np.flatnonzero(mine[links.plan] & (links.agent == recording.main))
    if links.residue.size and links.residue[rows].any():
        raise ConfigError(
            "re-timing: the controller waited between its commands; its loop cannot be closed otherwise"
        )
    return rows


def _asked(recording: Recording, rows: NDArray[np.int64], target: NDArray[np.int32]) -> Asked:
    used, plan = np.unique(recording.links.plan[rows], return_inverse=True)
    facts = [recording.plans[number] for number in used.tolist()]
    return Asked(
        tuple(each.kind for each in facts),
        tuple(each.work for each in facts),
        plan,
        target[rows].astype(np.int64),
    )


def _regrouped(
    recording: Recording,
    laboratory: Laboratory,
    rows: NDArray[np.int64],
    asked: Asked,
    cautions: tuple[str, ...],
    instrument: str,
) -> Recording:
    """Give the ``rows`` their new plans, and the causes that follow: what goes on has that of its first row."""
    links, old = recording.links, recording.plans
    plan = links.plan.copy()
    plan[rows] = len(old) + asked.plan
    left, made = Counter(plan.tolist()), zip(asked.kinds, asked.works, strict=True)
    plans = (
        *(facts._replace(used=left[number]) for number, facts in enumerate(old)),
        *(
            PlanFacts(kind, instrument, "", work, left[len(old) + number])
            for number, (kind, work) in enumerate(made)
        ),
    )
    prices = price(plans, laboratory)
    goes_on = prices.rows.goes_on[plan[rows]]
    begins = np.flatnonzero(~goes_on)
    cause = links.cause.copy()
    cause[rows[1:]] = rows[:-1]
    if len(rows):
        cause[rows] = cause[rows[begins]][np.cumsum(~goes_on) - 1]
    links = links._replace(plan=plan, cause=cause)
    return replace(
        recording, plans=plans, links=links, cautions=cautions, sequential=is_sequential(links, prices)
    )
