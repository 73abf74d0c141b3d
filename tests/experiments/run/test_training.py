"""Training with light on a bench: as plain torch has it, reproducible from its trace, and refused early."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from emulator.commands import Controller, Project, Projection
from emulator.errors import CommandError, ConfigError
from emulator.instruments.opu.opu import Opu
from emulator.streams import stream
from emulator.trace.open import open_trace
from experiments.run.run import Started, program_of, run_study
from experiments.run.study import Study, study_from_text
from experiments.tasks.task import Task
from tests.builders import NotingRecorder
from tests.controllers.feedback_alignment.plain_training import (
    PlainTraining,
    parameters_of,
    shuffled,
    ternary_feedback,
)
from tests.experiments.light_traces import light_study, record_light
from tests.experiments.run.training_lab import (
    CLASSES,
    HIDDEN,
    SAMPLES,
    SILENT,
    bench,
    distance,
    few_digits,
    first_weights,
    prepared,
    ten_digits,
    train,
)


@pytest.fixture(scope="module")
def task() -> Task:
    return few_digits()


def measured_matrix(study: Study, task: Task) -> NDArray[np.float32]:
    """Return the medium's matrix (classes, width) as a unit of the same seed shows it, one class at a time."""
    reply = bench(study, prepared(study, task)).ask(Project(np.eye(CLASSES, dtype=np.float32)))
    assert isinstance(reply, Projection)
    return reply.outputs


def plainly_trained(study: Study, task: Task) -> list[torch.Tensor]:
    """Return the parameters after the same training in plain torch, with the measured matrix."""
    config = study.controller
    plain = PlainTraining(first_weights(study, task), config.learning_rate)
    x, y = torch.tensor(task.x_train, dtype=torch.float32), torch.tensor(task.y_train)
    batches = shuffled(x, y, config.batch_size, config.epochs, stream(study.seed, "odfa/batches"))
    matrix = math.sqrt(2 / CLASSES) * measured_matrix(study, task)
    feedback = ternary_feedback(matrix, HIDDEN, config.threshold)
    return plain.train(batches, feedback, config.schedule == "late").parameters


# ------------------------------------------------------------------------------- what it learns

MODES = {
    "off axis": (),
    "off axis, images formed": ("opu.fidelity=field",),
    "phases stepped": ("opu.recovery.mode=phase_shifting",),
    "anchor": ("opu.recovery.mode=anchor",),
    "structured medium": ("opu.medium.store=structured",),
}


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_without_noise_light_trains_as_plain_torch_does_with_the_mediums_matrix(
    mode: str, late: bool, task: Task
) -> None:
    wait, later = (
        ten_digits(*SILENT, *MODES[mode], f"controller.schedule={name}") for name in ("wait", "late")
    )
    study, other = (later, wait) if late else (wait, later)
    found = parameters_of(train(study, task)[0].model.blocks)
    assert distance(found, plainly_trained(study, task)) < 1e-4
    assert distance(found, plainly_trained(other, task)) > 1e-2


def test_noise_changes_what_is_learnt_but_not_what_it_is_about(task: Task) -> None:
    noisy, silent = (ten_digits("host.preset=ideal", f"opu.camera.noise={on}") for on in ("true", "false"))
    away = distance(*(parameters_of(train(study, task)[0].model.blocks) for study in (noisy, silent)))
    assert 1e-4 < away < 0.1


def test_dark_vectors_that_are_not_shown_teach_the_same_in_less_time(task: Task) -> None:
    shown, skipped = (
        ten_digits(*SILENT, "controller.threshold=0.9", "controller.centre=false", f"opu.skip_zero={skip}")
        for skip in ("false", "true")
    )
    (with_all, slow), (with_few, fast) = train(shown, task), train(skipped, task)
    assert distance(parameters_of(with_all.model.blocks), parameters_of(with_few.model.blocks)) == 0.0
    assert slow.queries == fast.queries == 2 * SAMPLES
    assert fast.elapsed_s < slow.elapsed_s


# ------------------------------------------------------------------------------- what stands on the bench


@pytest.mark.parametrize("feedback", ["ternary", "exact", "backprop"])
def test_without_light_no_unit_stands_on_the_bench(feedback: str, task: Task) -> None:
    study = ten_digits(f"controller.feedback={feedback}")
    with pytest.raises(CommandError, match="no Opu stands"):
        _ = bench(study, prepared(study, task)).instrument(Opu)
    assert set(train(study, task)[1].energy_by_component_j) == {"host"}


@pytest.mark.parametrize(("sharing", "outputs"), [("slices", 28), ("shared", 16)])
def test_the_unit_projects_errors_onto_the_hidden_units(sharing: str, outputs: int, task: Task) -> None:
    study = ten_digits(f"controller.sharing={sharing}")
    assert bench(study, prepared(study, task)).instrument(Opu).core.design[:2] == (CLASSES, outputs)


def test_vectors_whose_frames_are_lost_are_counted(task: Task) -> None:
    study = ten_digits("opu.camera.missed_probability=0.2", "opu.retries=0", "controller.epochs=1")
    ready, recorder = prepared(study, task), NotingRecorder()
    replies: list[Projection] = []
    bench(study, ready, recorder).run({"odfa": overheard(program_of(study, ready).controller, replies)})
    lost = sum(int((~reply.valid).sum()) for reply in replies)
    logged = [value for name, _, _, value in recorder.metrics if name == "lost_vectors"]
    assert logged == [lost]
    assert SAMPLES / 5 < lost < SAMPLES / 2  # one of two frames missed: 36 of 100 on average


def overheard(controller: Controller, replies: list[Projection]) -> Controller:
    """Pass on what is said, and keep the projections."""
    reply = None
    while True:
        try:
            command = controller.send(reply)
        except StopIteration:
            return
        reply = yield command
        if isinstance(reply, Projection):
            replies.append(reply)


# ------------------------------------------------------------------------------- a whole run


@pytest.mark.parametrize("schedule", ["wait", "late"])
def test_the_configuration_in_a_trace_trains_again_bit_for_bit_and_another_seed_does_not(
    schedule: str, tmp_path: Path
) -> None:
    record_light(tmp_path / "first.h5", f"controller.schedule={schedule}")
    record_light(tmp_path / "other.h5", f"controller.schedule={schedule}", "seed=1", "task.seed=0")
    with open_trace(tmp_path / "first.h5") as first, open_trace(tmp_path / "other.h5") as other:
        run_study(study_from_text(first.config_text), tmp_path / "again.h5")
        with open_trace(tmp_path / "again.h5") as again:
            assert again.digest == first.digest
        assert other.digest != first.digest
        assert other.queries == first.queries


def test_a_run_leaves_a_complete_trace_of_a_network_that_has_learnt(tmp_path: Path) -> None:
    seen: list[tuple[int, Started]] = []
    study = light_study()
    result = run_study(study, tmp_path / "run.h5", on_start=lambda s: seen.append((s.bench.now_ps, s)))
    ((now_ps, started),) = seen
    assert now_ps == 0
    with open_trace(tmp_path / "run.h5") as trace:
        assert (trace.status, trace.queries, trace.elapsed_s) == (
            result.status,
            result.queries,
            result.elapsed_s,
        )
        assert study_from_text(trace.config_text) == study
        assert trace.queries == started.queries
        series = trace.metrics()
        accuracy = series["test_accuracy"]
        assert accuracy.queries.tolist() == [0, started.queries // 2, started.queries]
        assert accuracy.value[0] < 0.9 < accuracy.value[-1]
        assert series["epoch"].value.tolist() == [1, 2]
        assert {"alignment_1", "alignment_output_2", "dark_vectors", "lost_vectors"} <= set(series)


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        (("task.hidden=[]",), "task.hidden: .* at least one hidden layer"),
        (("opu.camera.columns=8", "opu.camera.roi_rows=3"), "opu.camera.roi_rows = 3: .* allowed: 10"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_anything_is_written(
    overrides: tuple[str, ...], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=reason):
        record_light(tmp_path / "new" / "run.h5", *overrides)
    assert list(tmp_path.iterdir()) == []


def test_a_batch_of_one_is_refused_where_centring_leaves_nothing(task: Task) -> None:
    study = ten_digits("controller.batch_size=1")
    with pytest.raises(ConfigError, match=r"controller\.batch_size = 1 is refused with controller\.centre"):
        program_of(study, prepared(study, task))
    plain = ten_digits("controller.batch_size=1", "controller.centre=false")
    assert program_of(plain, prepared(plain, task)).queries > 0
