"""Plans, the span templates of commands: interning, checks and expansion; nothing is written here.

Most commands of an instrument share few span sequences. Naming a plan in the command's row replaces a row a
span.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.plan import REMAINDER, Step, Work
from emulator.trace.schema import NO_PLAN, Commands, Plans, Spans

__all__ = ["PlanBook", "check_commands", "expand_plans", "freed_ps", "merge_spans"]

_MAX_PLANS: Final = 2**16
_MAX_SPANS: Final = 2**28


class PlanBook:
    """The plans of one recorder; the empty plan, which stands for no work, is number ``NO_PLAN``."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[tuple[Step, ...], Work, str], int] = {((), (), ""): NO_PLAN}
        self.fixed_ps = np.zeros(1, dtype=np.int64)
        self.flexible = np.ones(1, dtype=np.bool_)

    def find(self, steps: tuple[Step, ...], work: Work = (), owner: str = "") -> int | None:
        """Return the number of the plan ``steps`` for ``work``, or None when it is new to its ``owner``."""
        return self._numbers.get((steps, work, owner))

    def add(self, steps: tuple[Step, ...], work: Work = (), owner: str = "") -> int:
        """Return the number of the new plan ``steps`` for ``work``; a plan without steps may last any time.

        Raises ``TraceError`` when a duration is negative, two steps are remainders, or there are too many
        plans.
        """
        durations = [step.ps for step in steps]
        if durations.count(REMAINDER) > 1 or any(ps < 0 and ps != REMAINDER for ps in durations):
            raise TraceError(
                f"plan {steps}: durations are whole ps, and at most one step lasts the remainder (-1)"
            )
        number = len(self._numbers)
        if number >= _MAX_PLANS:
            raise TraceError(
                f"plan: {_MAX_PLANS} plans exist already; spans whose durations vary belong in span()"
            )
        self.fixed_ps = np.append(self.fixed_ps, sum(ps for ps in durations if ps != REMAINDER))
        self.flexible = np.append(self.flexible, not steps or REMAINDER in durations)
        self._numbers[steps, work, owner] = number
        return number


def check_commands(rows: NDArray[np.void], first_row: int, last_done_ps: int, book: PlanBook) -> None:
    """Refuse command rows, the first of which has id ``first_row``, that no run of the bench can produce.

    Raises ``TraceError`` naming the first row that is not in order of completion, is caused by a later one,
    or lasts too short or too long for its plan.
    """
    t_issued, t_started, t_done, plan = rows["t_issued"], rows["t_started"], rows["t_done"], rows["plan"]
    before = np.concatenate(([last_done_ps], t_done[:-1]))
    known = plan < len(book.fixed_ps)
    number = np.where(known, plan, NO_PLAN)
    spare_ps = t_done - t_started - book.fixed_ps[number]
    wrong = {
        "its times do not satisfy 0 <= t_issued <= t_started <= t_done": (
            (t_issued < 0) | (t_started < t_issued) | (t_done < t_started)
        ),
        "its reply came before that of the row above": t_done < before,
        "its cause is not an earlier row": (rows["cause"] < -1)
        | (rows["cause"] >= first_row + np.arange(len(rows))),
        "its plan was never recorded": ~known,
        "its plan lasts another time than it": (spare_ps < 0) | ((spare_ps > 0) & ~book.flexible[number]),
    }
    for what, mask in wrong.items():
        if mask.any():
            at = int(mask.argmax())
            raise TraceError(f"commands row {first_row + at}: {what}: {rows[at].item()}")


def expand_plans(commands: Commands, plans: Plans) -> Spans:
    """Return the spans that the plans of ``commands`` stand for, in the order of the commands' rows.

    Raises ``TraceError`` when they are too many to be held in memory.
    """
    sizes = np.bincount(plans.plan, minlength=2**16)
    first_step = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    order = np.argsort(plans.plan, kind="stable")
    fixed = np.zeros(2**16, dtype=np.int64)
    np.add.at(fixed, plans.plan, np.where(plans.duration_ps == REMAINDER, 0, plans.duration_ps))

    count = sizes[commands.plan]
    if count.sum() > _MAX_SPANS:
        raise TraceError(f"plans: they stand for {count.sum()} spans; at most {_MAX_SPANS} are expanded")
    command = np.repeat(np.arange(len(count)), count)
    begin = np.cumsum(count) - count  # position of each command's first span
    step = order[first_step[commands.plan][command] + np.arange(len(command)) - begin[command]]
    service = commands.t_done - commands.t_started
    spare = (service - fixed[commands.plan])[command]
    lasting = np.where(plans.duration_ps[step] == REMAINDER, spare, plans.duration_ps[step])
    done = np.cumsum(lasting)  # wraps around harmlessly: only differences are used
    offset = done - lasting
    t_start = commands.t_started[command] + offset - np.repeat(offset[begin[count > 0]], count[count > 0])
    return Spans(plans.resource[step], plans.activity[step], t_start, t_start + lasting, command)


def freed_ps(commands: Commands, plans: Plans) -> NDArray[np.int64]:
    """Return when each of ``commands`` left its instrument: at its reply, less the steps that did not hold it.

    The instrument of a plan whose remainder does not hold it is free after those steps that do.
    """
    remainder, held = plans.duration_ps == REMAINDER, plans.held != 0
    fixed_ps = np.where(remainder, 0, plans.duration_ps)
    held_ps, after_ps = np.zeros(2**16, dtype=np.int64), np.zeros(2**16, dtype=np.int64)
    np.add.at(held_ps, plans.plan[held], fixed_ps[held])
    np.add.at(after_ps, plans.plan[~held], fixed_ps[~held])
    open_end = np.zeros(2**16, dtype=np.bool_)
    open_end[plans.plan[remainder & ~held]] = True
    number = commands.plan
    from_start, from_reply = commands.t_started + held_ps[number], commands.t_done - after_ps[number]
    return np.where(open_end[number], from_start, from_reply)


def merge_spans(first: Spans, second: Spans) -> Spans:
    """Return the spans of both, sorted by start and then by command."""
    start = np.concatenate((first.t_start, second.t_start))
    command = np.concatenate((first.command, second.command))
    order = np.lexsort((command, start))
    return Spans(
        np.concatenate((first.resource, second.resource))[order],
        np.concatenate((first.activity, second.activity))[order],
        start[order],
        np.concatenate((first.t_end, second.t_end))[order],
        command[order],
    )
