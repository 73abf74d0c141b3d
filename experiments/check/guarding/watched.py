"""One guarded run in memory: what was logged and read when, and what agents disturbed when."""

from bisect import bisect_left
from dataclasses import dataclass, field

from emulator.trace.writing.null import NullRecorder
from experiments.run.bench import make_bench
from experiments.run.prepare import prepare
from experiments.run.run import others_of, program_of
from experiments.run.study import Study
from experiments.tasks.pretraining import reproducible

__all__ = ["Watched", "watched"]

_READINGS = {"forward", "probe"}
_DISTURB = "disturb."


@dataclass
class Watched(NullRecorder):
    """Note metrics, the starts and ends of readings, and disturbances, with their times in ps."""

    metrics: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    readings: list[tuple[int, int]] = field(default_factory=list)
    disturbed: list[tuple[int, str, int, float]] = field(default_factory=list)
    status: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        """Begin without a row or a name."""
        super().__init__()
        self._kinds: list[str] = []

    def label(self, column: str, text: str) -> int:
        """Return the place of ``text`` among the kinds of commands, 0 for other words."""
        if column != "commands.kind":
            return super().label(column, text)
        if text not in self._kinds:
            self._kinds.append(text)
        return self._kinds.index(text)

    def command(  # noqa: PLR0913  (the columns of a row)
        self,
        agent: int,
        instrument: int,
        kind: int,
        plan: int,
        cause: int,
        t_issued: int,
        t_started: int,
        t_done: int,
        target: int,
        value: float,
        result: float,
    ) -> int:
        """Note a reading or a disturbance, and return the row id."""
        name = self._kinds[kind]
        if name in _READINGS:
            self.readings.append((t_started, t_done))
        elif name.startswith(_DISTURB):
            self.disturbed.append((t_issued, name.removeprefix(_DISTURB), target, value))
        return super().command(
            agent, instrument, kind, plan, cause, t_issued, t_started, t_done, target, value, result
        )

    def metric(self, name: str, t: int, queries: int, value: float) -> None:
        """Note a metric."""
        self.metrics.setdefault(name, []).append((t, value))

    def first(self, metric: str, values: frozenset[float], since_ps: int) -> int | None:
        """Return when one of ``values`` was first logged under ``metric`` from ``since_ps`` on, in ps."""
        found = (t for t, value in self.metrics.get(metric, []) if t >= since_ps and value in values)
        return next(found, None)

    def updates(self, since_ps: int, until_ps: int) -> int:
        """Return in which update after ``since_ps`` the instant ``until_ps`` lies; the first is 1."""
        ends = [t for t, _ in self.metrics.get("train_loss", [])]
        return bisect_left(ends, until_ps) - bisect_left(ends, since_ps) + 1

    def readings_between(self, since_ps: int, until_ps: int) -> int:
        """Return how many readings began after ``since_ps`` and were there at ``until_ps``."""
        return sum(start >= since_ps and done <= until_ps for start, done in self.readings)


def watched(study: Study) -> Watched:
    """Run ``study`` without a file and without observers, and return what was noted."""
    noted = Watched()
    with reproducible():
        prepared = prepare(study)
        program = program_of(study, prepared)
        bench = make_bench(study, prepared, program.sizes, program.shows, program.queries)
        agents = {study.kind.name: program.controller, **others_of(study, bench)}
        result = bench.run(agents, recorder=noted)
    noted.status, noted.reason = result.status, result.reason
    return noted
