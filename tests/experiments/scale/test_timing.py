"""What a step takes, played on the bench: the same with and without numbers, and by every view of it."""

from pathlib import Path

import pytest

from emulator.bench import Bench
from emulator.errors import ConfigError
from emulator.instruments.host.config import HostConfig
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import OpuDesign, frame_budget
from emulator.trace.analysis.ledger import energy_by_component, latency_by_span
from emulator.trace.open import open_trace
from experiments.run.changes import overrides
from experiments.run.laboratory import altered_laboratory, open_recording, study_of
from experiments.run.launch import open_study
from experiments.run.study import Study, study_from_overrides
from experiments.scale.shares import WORDS
from experiments.scale.timing import time_steps

SMALL: dict[str, object] = {
    "controller.kind": "step_graph",
    "workload.width": 24,
    "workload.depth": 3,
    "workload.inputs": 12,
    "workload.outputs": 10,
    "workload.batch": 6,
    "workload.steps": 5,
}


def small(**keys: object) -> Study:
    changed = {name.replace("__", "."): value for name, value in keys.items()}
    return study_from_overrides(overrides({**SMALL, **changed}))


@pytest.mark.parametrize(
    "keys",
    [
        {"workload__method": "bp"},
        {"workload__method": "dfa"},
        {"workload__method": "odfa"},
        {"workload__method": "odfa", "workload__schedule": "late"},
        {"workload__method": "odfa", "workload__sharing": "slices", "opu__recovery__mode": "anchor"},
        {"workload__method": "odfa", "opu__count": 2, "gpu__count": 3},
        {"workload__method": "odfa", "opu__count": 2, "opu__split": "outputs"},
        {"workload__method": "bp", "gpu__count": 2, "workload__parallel": "pipeline"},
        {"workload__method": "odfa", "gpu__count": 2, "workload__parallel": "pipeline", "opu__count": 3},
    ],
    ids=lambda keys: " ".join(map(str, keys.values())),
)
def test_a_training_with_numbers_leaves_the_same_ledger_exactly(
    keys: dict[str, object], tmp_path: Path
) -> None:
    found = []
    for numeric in (False, True):
        out = tmp_path / f"{numeric}.h5"
        timing = time_steps(small(**keys, workload__numeric=numeric), out)
        with open_trace(out) as trace:
            ledger = latency_by_span(trace), energy_by_component(trace), trace.elapsed_ps, trace.queries
            sent = trace.frames.sent.tolist(), trace.frames.used.tolist(), trace.commands.t_done.tolist()
        found.append((timing, ledger, sent))
    assert found[0] == found[1]


def test_shares_add_up_to_the_step_and_the_largest_binds() -> None:
    for method in ("bp", "dfa", "odfa"):
        found = time_steps(small(workload__method=method))
        assert sum(found.shares_s.values()) == pytest.approx(found.seconds_per_step, rel=1e-6)
        assert found.binds == max(WORDS, key=lambda word: found.shares_s[word])


def test_frames_that_fly_during_the_next_batch_save_time() -> None:
    wait = time_steps(small(workload__method="odfa"))
    late = time_steps(small(workload__method="odfa", workload__schedule="late"))
    assert late.seconds_per_step < wait.seconds_per_step


def test_the_steps_after_the_first_all_take_the_same() -> None:
    few, many = (time_steps(small(workload__method="odfa", workload__steps=n)) for n in (4, 40))
    assert few.seconds_per_step == pytest.approx(many.seconds_per_step, rel=1e-3)


@pytest.mark.parametrize("schedule", ["wait", "late"])
def test_a_timing_that_is_stopped_is_told_as_far_as_it_came(schedule: str, tmp_path: Path) -> None:
    benches: list[Bench] = []
    told: list[int] = []

    def tell(done: int) -> None:
        told.append(done)
        if done == 7:
            benches[0].stop("aborted", "enough")

    study = small(workload__method="odfa", workload__steps=1_000, workload__schedule=schedule)
    found = time_steps(study, tmp_path / "run.h5", tell, benches.append)
    assert (found.status, found.steps, told) == ("aborted", 7, list(range(1, 8)))
    with open_trace(tmp_path / "run.h5") as trace:
        assert (trace.status, trace.reason) == ("aborted", "enough")
        steps = trace.metrics()["step_s"].value
    counted = steps[1:-1] if schedule == "late" else steps[1:]
    assert found.seconds_per_step == sum(counted) / len(counted)


def test_a_retiming_tells_what_a_run_with_other_numbers_takes(tmp_path: Path) -> None:
    from emulator.retiming.retime import retime

    out = tmp_path / "step.h5"
    keys: dict[str, object] = {"workload__method": "odfa", "workload__schedule": "late"}
    time_steps(small(**keys), out)
    changed: dict[str, object] = {
        "gpu__launch_s": 5e-5, "gpu__offload": True, "gpu__busy_power_w": 90.0, "opu__camera__exposure_s": 8e-4,
        "opu__count": 2,
    }  # fmt: skip
    real = time_steps(small(**keys, **changed))
    with open_trace(out) as trace:
        before = study_of(trace)
        after = small(**keys, **changed)
        recording = open_recording(trace, before)
        retimed = retime(recording, altered_laboratory(recording.laboratory, before, after))
    assert retimed.elapsed_s == real.emulated_s
    assert dict(retimed.energy_by_component_j) == pytest.approx(real.joules_by_component, rel=1e-12)


def test_units_share_the_patterns_and_so_the_wait_for_them() -> None:
    one, four = (time_steps(open_study("transformer_1b", (f"opu.count={count}",))) for count in (1, 4))
    assert four.shares_s["frame clock"] == pytest.approx(one.shares_s["frame clock"] / 4, rel=0.1)
    box_j, all_j = (each.joules_by_component["opu.box"] / each.emulated_s for each in (one, four))
    assert (box_j, all_j) == pytest.approx((30.0, 120.0))


def test_units_that_share_the_outputs_read_fewer_rows_each() -> None:
    """120,000 outputs take 236 rows off axis, which are read in 717 us; four units wait for the exposure alone."""
    design, host = OpuDesign(10, 120_000), HostConfig()
    camera = {"frame_rate_hz": None}
    one, four = (
        frame_budget(
            OpuConfig.model_validate({"count": n, "split": "outputs", "camera": camera}), host, design
        )
        for n in (1, 4)
    )
    assert (one.rows, four.rows) == (236, 59)
    assert one.beat_s > four.beat_s == pytest.approx(450e-6)


def test_a_pipeline_divides_the_weights_and_feedback_spares_it_the_turns_backward() -> None:
    pipe = ("gpu.count=4", "workload.parallel=pipeline", "workload.microbatches=8")
    alone = time_steps(open_study("transformer_1b", ("workload.method=dfa",)))
    bp, dfa = (
        time_steps(open_study("transformer_1b", (f"workload.method={method}", *pipe)))
        for method in ("bp", "dfa")
    )
    assert bp.memory_bytes == dfa.memory_bytes < 0.35 * alone.memory_bytes
    assert dfa.seconds_per_step < bp.seconds_per_step < alone.seconds_per_step


@pytest.mark.parametrize(
    ("study", "keys", "words"),
    [
        ("figure4", ("workload.width=5200",), r"gpu\.offload = true"),
        ("figure4", ("workload.method=odfa", "workload.batch=2000"), r"workload\.batch <= 1500"),
        ("figure4", ("workload.method=odfa", "opu.preset=opu_gen2"), "its patterns show 0 and 1"),
        ("figure4", ("workload.steps=1000000000",), "end at 106 days"),
        ("figure4", ("task.name=vowel",), r"sizes stand in \[workload\]"),
        ("figure4", ("workload.numeric=true",), "times any size"),
        ("figure4", ("gpu.count=5",), "allowed: up to 4"),
        (
            "transformer_1b",
            ("workload.parallel=pipeline",),
            r"holds some of the network's 20 blocks; allowed: 2\.\.20",
        ),
        ("figure4", ("workload.parallel=pipeline", "workload.microbatches=5"), r"allowed: 1\.\.4"),
        ("mnist_odfa", (), "allowed: 'step_graph'"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line_that_says_what_can(
    study: str, keys: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=words):
        time_steps(open_study(study, keys), tmp_path / "none.h5")
    assert list(tmp_path.iterdir()) == []


def test_figure_4_at_the_papers_last_size_takes_what_the_paper_says() -> None:
    """Z. Wang et al., arXiv 2409.12965, Fig. 4: two numbers of the study are fitted to these two."""
    bp, odfa = (time_steps(open_study("figure4", (f"workload.method={each}",))) for each in ("bp", "odfa"))
    assert bp.seconds_per_sample == pytest.approx(13.39e-3, rel=1e-3)
    assert bp.seconds_per_sample - odfa.seconds_per_sample == pytest.approx(0.30e-3, abs=0.02e-3)
    assert bp.binds == odfa.binds == "gpu memory traffic"
    assert bp.memory_bytes == pytest.approx(0.76 * 11.81e9, rel=0.02)


def test_a_billion_parameters_wait_for_the_frame_clock() -> None:
    found = time_steps(open_study("transformer_1b"))
    assert 1e9 < found.parameters < 1.1e9
    assert found.binds == "frame clock"
    assert found.shares_s["frame clock"] < found.rows * 2 / 1500
