"""A study of convolutions, from its words to the chip: refused or run, by the host or by the sequencer."""

from typing import Literal

import numpy as np
import pytest

from emulator.bench import RunResult
from emulator.errors import LightloopError
from emulator.instruments.chip.chip import Chip
from experiments.run.bench import make_bench
from experiments.run.preflight.needs import needs_of
from experiments.run.prepare import prepare, task_of
from experiments.run.run import program_of
from experiments.run.study import study_from_overrides
from tests.builders import NotingRecorder
from tests.experiments.run.test_prepare import untrained

CNN = ("task.name=mnist8x8", "task.model=cnn", "task.layers=c4s2-a2-c3", "deployment.alpha=0.3")
QUERIES = ("controller.queries=80", "controller.batch_size=20")


def descended(loop: Literal["host", "sequencer"], kind: str = "szo_scd") -> tuple[RunResult, NotingRecorder]:
    heaters = "chip.heaters.dynamics=instant"
    study = study_from_overrides(
        [*CNN, *QUERIES, heaters, f"controller.kind={kind}", f"controller.loop={loop}"]
    )
    prepared = prepare(study, untrained)
    bench, rows = make_bench(study, prepared), NotingRecorder()
    bench.attach(rows)
    return bench.run({"a": program_of(study, prepared).controller}), rows


def test_the_sequencer_descends_as_the_host_does_and_in_less_time() -> None:
    (host, by_host), (sequencer, by_sequencer) = descended("host"), descended("sequencer")
    assert host.queries == sequencer.queries == 80
    np.testing.assert_array_equal(by_host.states["final_phases"], by_sequencer.states["final_phases"])
    assert [row[3] for row in by_host.metrics] == [row[3] for row in by_sequencer.metrics]
    assert sequencer.elapsed_s < host.elapsed_s


def test_a_chip_without_errors_is_the_electronic_network() -> None:
    ideal = (
        "chip.heaters.sigma_gamma=0", "chip.heaters.omega=0", "chip.dac.bits=0", "chip.inputs.bits=0",
        "chip.receiver.adc_bits=0", "chip.receiver.shot_noise=false",
        "chip.receiver.thermal_noise_a_per_sqrt_hz=0",
    )  # fmt: skip
    study = study_from_overrides([*CNN, *ideal])
    prepared = prepare(study, untrained)
    outputs = make_bench(study, prepared).instrument(Chip).observe(prepared.task.x_test, 0)
    assert prepared.task.metric.of_arrays(outputs, prepared.task.y_test) == prepared.pretrained.test_metric
    assert prepared.task.network == "8x8-c4s2-a2-c3-10"


def test_memory_is_foretold_and_grows_with_the_batch() -> None:
    study = study_from_overrides(CNN)
    small, large = (sum(needs_of(study, task_of(study), batch=n).values()) for n in (32, 320))
    assert 0 < small < large


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (("task.model=mlp",), "task.layers"),
        (("task.name=vowel",), "no pictures"),
        (("task.constant_input=true",), "no pixel"),
        (("task.layers=c4s2,c3",), "refused at 'c4s2,c3'"),
        (("task.weights=w.npz",), "trained here"),
    ],
)
def test_what_is_no_network_of_pictures_is_refused(overrides: tuple[str, ...], said: str) -> None:
    with pytest.raises(LightloopError, match=said):
        prepare(study_from_overrides([*CNN, *overrides]), untrained)


def test_light_does_not_train_it_from_scratch() -> None:
    with pytest.raises(LightloopError, match="trains from scratch"):
        prepare(study_from_overrides(["controller.kind=odfa", "task.name=mnist", "task.model=cnn"]))


@pytest.mark.parametrize("name", ["mnist_cnn_recovery", "fashion_cnn_recovery"])
def test_the_shipped_studies_are_the_paper_s_networks(name: str) -> None:
    from experiments.run.launch import open_study

    assert task_of(open_study(name)).network in {"16x16-c8s2-c6s2-10", "32x32-c8s2-c8s2-10"}
