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

SIZES, BATCH = (6, 5, 4, 3), 8


@pytest.fixture(params=model_names())
def model(request: pytest.FixtureRequest) -> Model:
    return draw_model(request.param, Blueprint(SIZES), stream(0, "tests/weights"))


def inputs() -> np.ndarray:
    return stream(0, "tests/inputs").random((BATCH, SIZES[0]))


def test_a_model_is_registered_under_its_own_name() -> None:
    assert {name: kind.name for name, kind in MODELS.items()} == {name: name for name in MODELS}


def test_its_blocks_give_as_many_values_as_it_says(model: Model) -> None:
    pending = forward(model.blocks, torch.tensor(inputs(), dtype=torch.float32), torch.zeros(BATCH).long())
    assert pending.sizes == model.hidden
    assert pending.errors.shape == (BATCH, model.outputs)


def test_its_answers_are_those_of_its_blocks_and_need_no_gradient(model: Model) -> None:
    x = inputs()
    answers = model.answers(x)
    with torch.no_grad():
        expected = torch.nn.Sequential(*model.blocks)(torch.tensor(x, dtype=torch.float32)).numpy()
    assert (answers.dtype, answers.shape) == (np.float32, (BATCH, SIZES[-1]))
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


def test_a_seed_fixes_its_weights(model: Model) -> None:
    again, other = (draw_model("mlp", Blueprint(SIZES), stream(seed, "tests/weights")) for seed in (0, 1))
    assert (model.answers(inputs()) == again.answers(inputs())).all()
    assert (model.answers(inputs()) != other.answers(inputs())).all()


def test_a_model_that_there_is_not_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"task\.model = 'mpl' is unknown; .*did you mean 'mlp'"):
        draw_model("mpl", Blueprint(SIZES), stream(0, "tests/weights"))
