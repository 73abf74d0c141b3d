"""The adjoint method: its gradient is that of the mesh, its steps are Adam's, its readings are counted."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from controllers.deployment import deploy
from controllers.in_situ.avm import AvmConfig, avm
from controllers.losses import slopes_of
from emulator.bench import Bench
from emulator.commands import Batch, Compute, Controller, Log, Monitor, Monitored, SetPhases
from emulator.config.models import build
from emulator.errors import ConfigError
from emulator.instruments.chip.config import ChipConfig, MonitorConfig
from emulator.instruments.chip.state import Design
from emulator.instruments.instrument import Stand
from emulator.physics.chip.adjoint import forward, nominal_network, pull_back
from emulator.streams import stream
from experiments.run.launch import open_study
from tests.builders import ideal_chip, weights

SIZES = (6, 5, 3)
SILENT = MonitorConfig(
    fitted=True, tapped_fraction=0.0, shot_noise=False, thermal_noise_a_per_sqrt_hz=0.0, adc_bits=0
)
DEPLOYED = deploy(weights(SIZES), 0.6, stream(0, "tests/deploy"))


def batches(targets: Any = None) -> Iterator[Batch]:
    rng = stream(0, "tests/batches")
    for key in count():
        inputs = rng.random((12, SIZES[0]))
        yield Batch(key, inputs, rng.integers(SIZES[-1], size=12) if targets is None else targets)


def tuned(config: AvmConfig, targets: Any = None, chip: ChipConfig | None = None) -> tuple[list[Any], Any]:
    """Return what the controller asked and was told, and the result of the run."""
    asked: list[Any] = []

    def overheard(controller: Controller) -> Controller:
        reply = None
        while True:
            try:
                command = controller.send(reply)
            except StopIteration:
                return
            reply = yield command
            asked.append((command, reply))

    program = avm(config, DEPLOYED.heaters, DEPLOYED.phases[DEPLOYED.active], batches(targets))
    chip = chip or ideal_chip().model_copy(update={"monitors": SILENT})
    design = Design(DEPLOYED.layers, DEPLOYED.active)
    result = Bench({"chip": Stand(chip, design)}, 0).run({"avm": overheard(program)})
    return asked, result


def of_kind(asked: list[Any], kind: type[Any]) -> list[Any]:
    return [pair for pair in asked if isinstance(pair[0], kind)]


def gradients(asked: list[Any]) -> list[NDArray[np.float64]]:
    replies: list[Monitored] = [reply for _, reply in of_kind(asked, Monitor)]
    return [
        both.worth * (both.intensities - one.intensities - other.intensities)
        for one, other, both in zip(*[iter(replies)] * 3, strict=True)
    ]


@pytest.mark.parametrize("values", [False, True], ids=["labels", "values"])
def test_the_gradient_is_that_of_the_mesh_by_the_adjoint_module(values: bool) -> None:
    """The module passes errors through matrices; the chip passes light through rotators."""
    targets = stream(0, "tests/values").standard_normal((12, SIZES[-1])) if values else None
    asked, _ = tuned(AvmConfig(queries=9, step_rad=0.1), targets)
    network = nominal_network(DEPLOYED.layers, 3.0, clip=4.0)
    phases = DEPLOYED.phases.copy()
    settings = of_kind(asked, SetPhases)
    for step, found in enumerate(gradients(asked)):
        batch = of_kind(asked, Monitor)[3 * step][0].batch
        at = forward(network, phases, batch.inputs)
        slopes = pull_back(network, at, slopes_of(at.outputs, batch.labels))[DEPLOYED.active]
        np.testing.assert_allclose(found, slopes, rtol=0, atol=1e-6 * np.abs(slopes).max())
        phases[DEPLOYED.active] = settings[step][0].radians


def test_steps_are_those_of_adam_in_torch() -> None:
    import torch

    asked, _ = tuned(AvmConfig(queries=30, step_rad=0.05, step_end=1.0))
    at = torch.tensor(DEPLOYED.phases[DEPLOYED.active], requires_grad=True)
    optimizer = torch.optim.Adam([at], lr=0.05, eps=0.0)
    for gradient, (setting, _) in zip(gradients(asked), of_kind(asked, SetPhases), strict=True):
        at.grad = torch.tensor(gradient)
        optimizer.step()
        turns = (np.array(setting.radians) - at.detach().numpy()) / (2 * np.pi)
        np.testing.assert_allclose(turns, np.rint(turns), atol=1e-12)


def test_the_step_falls_as_half_a_cosine_to_its_end() -> None:
    asked, _ = tuned(AvmConfig(queries=30, step_rad=0.1, step_end=0.2))
    steps = [command.value for command, _ in of_kind(asked, Log) if command.name == "step_rad"]
    shares = np.arange(10) / 10
    np.testing.assert_allclose(steps, 0.1 * (0.2 + 0.8 * (1 + np.cos(np.pi * shares)) / 2), rtol=1e-12)


@pytest.mark.parametrize(("queries", "steps"), [(1, 0), (3, 1), (8, 2), (9, 3)])
def test_a_step_takes_three_queries_and_none_is_begun_that_would_exceed_the_budget(
    queries: int, steps: int
) -> None:
    asked, result = tuned(AvmConfig(queries=queries))
    assert result.queries == 3 * steps
    assert len(of_kind(asked, SetPhases)) == steps


def test_the_host_is_paid_for_errors_and_updates() -> None:
    asked, _ = tuned(AvmConfig(queries=3))
    works = {command.activity: command.flops for command, _ in of_kind(asked, Compute)}
    assert works == {"error": 10 * 12 * 3, "update": 20 * DEPLOYED.heaters.size}


def test_the_loss_falls_on_a_noisy_chip() -> None:
    asked, _ = tuned(
        AvmConfig(queries=600, step_rad=0.05), chip=ChipConfig(monitors=MonitorConfig(fitted=True))
    )
    losses = [command.value for command, _ in of_kind(asked, Log) if command.name == "train_loss"]
    assert np.mean(losses[-20:]) < np.mean(losses[:20]) - 0.02


def test_a_gradient_of_zero_moves_nothing() -> None:
    values = np.zeros((12, SIZES[-1]))

    def dark() -> Iterator[Batch]:
        while True:
            yield Batch(0, np.zeros((12, SIZES[0])), values)

    controller = avm(AvmConfig(queries=3), DEPLOYED.heaters, DEPLOYED.phases[DEPLOYED.active], dark())
    told: list[Any] = []

    def watched() -> Controller:
        reply = None
        while True:
            try:
                command = controller.send(reply)
            except StopIteration:
                return
            told.append(command)
            reply = yield command

    chip = ideal_chip().model_copy(update={"monitors": SILENT})
    Bench({"chip": Stand(chip, Design(DEPLOYED.layers, DEPLOYED.active))}, 0).run({"avm": watched()})
    [setting] = [command for command in told if isinstance(command, SetPhases)]
    np.testing.assert_array_equal(setting.radians, DEPLOYED.phases[DEPLOYED.active])


def test_a_study_that_chooses_it_has_monitors_and_others_have_none() -> None:
    chosen = open_study("vowel_recovery", ("controller.kind=avm", "controller.queries=30"), 0)
    plain: Any = open_study("vowel_recovery", (), 0)
    fitted: Any = chosen
    assert (fitted.chip.monitors.fitted, plain.chip.monitors.fitted) == (True, False)
    assert chosen.standing()["chip"] is fitted.chip


def test_a_study_that_chooses_it_and_refuses_monitors_is_refused() -> None:
    changes = ("controller.kind=avm", "chip.monitors.fitted=false")
    with pytest.raises(
        ConfigError, match=r"chip.monitors.fitted is refused.*allowed: chip.monitors.fitted=true"
    ):
        open_study("vowel_recovery", changes, 0)


def test_its_options_are_checked() -> None:
    with pytest.raises(ConfigError, match="step_end"):
        build(AvmConfig, {"step_end": 0.0}, "test")
