"""One run of a study, top to bottom: task, network, deployment, controller, bench, watch, agents, trace."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from controllers.guard.guard import guarded
from controllers.kind import Program
from emulator.agents.agent import checked_agents
from emulator.bench import Bench, Observer, RunResult
from emulator.commands import Controller
from emulator.instruments.registry import INSTRUMENTS
from experiments.agents.registry import AGENTS
from experiments.run.bench import entries_of, make_bench, recorder_of
from experiments.run.elsewhere.elsewhere import Elsewhere
from experiments.run.own.own import Own, OwnController, own_of, refuse_absent, with_own
from experiments.run.prepare import Prepared, prepare, recorded
from experiments.run.study import Study
from experiments.run.watching.exhibiting import exhibited
from experiments.run.watching.pacing import Pacing
from experiments.run.watching.recovery import TunedChip
from experiments.run.watching.training import TrainedModel
from experiments.run.watching.unseen import UnseenChip
from experiments.run.watching.watch import Subject, Watch, looked_at, samples_of
from experiments.tasks.pretraining import reproducible

__all__ = [
    "OwnController",
    "Started",
    "make_bench",
    "others_of",
    "prepare",
    "program_of",
    "run_study",
    "watch_of",
]


class Started(NamedTuple):
    """Hold what there is to watch when emulated time begins, and how many queries are to come."""

    bench: Bench
    watch: Watch
    queries: int
    notes: tuple[str, ...] = ()
    """What was done to what the user brought, in words."""


OnStart = Callable[[Started], None]

PassedOn = Callable[[str, Controller], Controller]
"""Takes an agent's name and the agent, and returns one that asks what it asks."""


def run_study(
    study: Study,
    out: Path | None = None,
    observers: Sequence[Observer] = (),
    on_start: OnStart | None = None,
    own: Own | OwnController | None = None,
    alone: bool = False,
    elsewhere: Elsewhere | None = None,
    passed_on: PassedOn | None = None,
) -> RunResult:
    """Run ``study`` and return its result; ``on_start`` is called with what to watch before time begins.

    A controller of one's ``own`` takes the place of the study's, under its function's name; it is watched as the
    study's would be, and the trace says that it ran. ``alone`` says that this process runs nothing else. A bench
    ``elsewhere`` takes the place of the emulated one; a chip there is not watched. Agents are ``passed_on`` by
    name, if that is given. Raises ``LightloopError`` on bad input before anything is written.
    """
    mine = None if own is None else own_of(own)
    if mine is None:
        refuse_absent(study)
    else:
        study = with_own(study, mine)
    with reproducible():
        prepared = prepare(study)
        program = program_of(study, prepared, mine)
        name = study.kind.name if mine is None else mine.agent
        # What is refused is refused before a file exists.
        kinds = INSTRUMENTS if elsewhere is None else elsewhere.kinds(study)
        queries = program.queries if mine is None else 1
        bench = make_bench(study, prepared, program.sizes, program.shows, queries, kinds=kinds)
        others = others_of(study, bench)
        watch = watch_of(study, prepared, program, elsewhere is None)
        main, watches = _watched(study, program, watch, bench)
        if prepared.model is not None:
            main = exhibited(main, prepared.task, prepared.model, bench)
        agents = checked_agents({name: main, **others})
        if passed_on is not None:
            agents = {each: passed_on(each, agent) for each, agent in agents.items()}
        told = "" if elsewhere is None else elsewhere.identity
        bench.attach(recorder_of(recorded(study, prepared), out, alone, told))
        try:
            if on_start is not None:
                on_start(Started(bench, watch, program.queries, prepared.notes))
            for counted, samples in samples_of(prepared.task).items() if prepared.learns else ():
                bench.log(counted, samples)
            if prepared.taped_out is not None:
                metric = prepared.task.metric.name
                bench.log(f"ideal_test_{metric}", prepared.pretrained.test_metric)
                bench.log(f"ideal_val_{metric}", prepared.pretrained.val_metric)
        except BaseException:
            bench.fail()
            raise
        return bench.run(agents, [*watches, *observers])


def program_of(study: Study, prepared: Prepared, own: Own | None = None) -> Program:
    """Return the controller of ``study``, or one's ``own``, ready to run, with what the run has to know of it."""
    program = study.kind.start(study.controller, prepared.setting)
    if own is not None:
        program = replace(program, controller=own.begun(prepared.setting))
    if study.guard.enabled:
        program = replace(program, controller=guarded(program.controller, study.guard, prepared.setting))
    return program


def watch_of(study: Study, prepared: Prepared, program: Program, seen: bool = True) -> Watch:
    """Return what measures the run: the chip where weights were deployed, else the network that is trained.

    A chip that is not ``seen`` from here is not measured.
    """
    if not prepared.learns:
        return Pacing(program.verb)
    task, model = prepared.task, prepared.model
    chip: Subject = TunedChip(task, prepared.setting.health) if seen else UnseenChip()
    subject = chip if model is None else TrainedModel(model, task)
    every = study.evaluation.every_queries or max(1, program.queries // 200)
    return Watch(subject, task.metric, program.verb, every)


def _watched(
    study: Study, program: Program, watch: Watch, bench: Bench
) -> tuple[Controller, Sequence[Observer]]:
    """Return the controller and the observers by which ``watch`` looks: at marks, or every so many queries."""
    if not watch.sees:
        return program.controller, []
    if program.mark is None or study.evaluation.every_queries is not None:
        return program.controller, [watch]

    def look() -> None:
        for name, value in watch.observe(bench).items():
            bench.log(name, value)

    return looked_at(program.controller, program.mark, look), []


def others_of(study: Study, bench: Bench) -> Mapping[str, Controller]:
    """Return the further agents of ``study`` on ``bench``, by the names that they have in the trace."""
    return {name: AGENTS[options.kind].start(options) for name, options in entries_of(study, bench).items()}
