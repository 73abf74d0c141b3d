"""The contract that every registered model keeps with who trains it and who asks it."""

import numpy as np
import pytest
import torch

from controllers.feedback_alignment.dfa import forward
from controllers.feedback_alignment.work import step_work
from emulator.errors import ConfigError
from emulator.streams import stream
from experiments.models.model import Blueprint, Model
from experiments.models.registry import MODELS, draw_model, model_names
from experiments.models.tiles import Tiles

BATCH = 8
BLUEPRINTS = {
    "mlp": Blueprint((6, 5, 4, 3)),
    "fcnn": Blueprint((6, 5, 4, 3)),
    "vit": Blueprint((6, 16, 16, 8), tiles=Tiles(2, 4, 2, 2)),
    "dit": Blueprint((6, 16, 16, 8), side=(3,), tiles=Tiles(2, 4, 2, 2)),
    "transformer": Blueprint((6, 8, 8, 11), heads=2),
}
"""A small one of each model."""


@pytest.fixture(params=model_names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def model(name: str) -> Model:
    return drawn(name)


def drawn(name: str, seed: int = 0) -> Model:
    return draw_model(name, BLUEPRINTS[name], stream(seed, "tests/weights"))


def inputs(name: str) -> np.ndarray:
    rng, shape = stream(0, "tests/inputs"), (BATCH, BLUEPRINTS[name].sizes[0])
    return rng.integers(0, 11, shape).astype(np.float64) if MODELS[name].tokens else rng.random(shape)


def told(name: str) -> tuple[torch.Tensor, ...]:
    """Return what every block of the model is told beside its signal."""
    return tuple(torch.ones(BATCH, values) for values in BLUEPRINTS[name].side)


def guesses(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the loss of every row of ``outputs`` against the first class."""
    del targets
    rows = outputs.flatten(0, -2)
    return torch.nn.functional.cross_entropy(rows, torch.zeros(len(rows)).long())


def test_a_model_is_registered_under_its_own_name() -> None:
    assert {name: kind.name for name, kind in MODELS.items()} == {name: name for name in MODELS}


def test_its_blocks_give_as_many_values_as_it_says(name: str, model: Model) -> None:
    x = torch.tensor(inputs(name), dtype=torch.float32)
    pending = forward(model.blocks, x, torch.zeros(BATCH), guesses, side=told(name))
    assert pending.sizes == model.hidden
    assert pending.errors.shape == (BATCH * model.rows, model.outputs)


def test_its_answers_are_those_of_its_blocks_and_need_no_gradient(name: str, model: Model) -> None:
    x = inputs(name)
    answers = model.answers(x, told(name))
    with torch.no_grad():
        signal = torch.tensor(x, dtype=torch.float32)
        for block in model.blocks:
            signal = block(signal, *told(name))
        expected = signal.numpy()
    assert (answers.dtype, answers.shape) == (np.float32, tuple(expected.shape))
    assert answers.size == BATCH * model.rows * model.outputs
    assert (answers == expected).all()


def test_its_work_is_in_whole_numbers_and_grows_with_the_batch_but_for_the_update(model: Model) -> None:
    small, large = (step_work(model.work(batch))._asdict() for batch in (BATCH, 2 * BATCH))
    for part, work in small.items():
        assert {type(work.flops), type(work.bytes)} == {int}
        assert part == "projection" or min(work.flops, work.bytes) > 0
        assert large[part].flops == (1 if part == "update" else 2) * work.flops


def test_its_blocks_hold_as_many_numbers_as_it_says(model: Model) -> None:
    held = [sum(p.numel() for p in block.parameters()) for block in model.blocks]
    assert [block.parameters for block in model.work(BATCH).blocks] == held


def test_a_seed_fixes_its_weights(name: str, model: Model) -> None:
    x, again, other = inputs(name), drawn(name), drawn(name, seed=1)
    assert (model.answers(x, told(name)) == again.answers(x, told(name))).all()
    assert (model.answers(x, told(name)) != other.answers(x, told(name))).all()


def test_a_model_that_there_is_not_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"task\.model = 'mpl' is unknown; .*did you mean 'mlp'"):
        draw_model("mpl", BLUEPRINTS["mlp"], stream(0, "tests/weights"))
