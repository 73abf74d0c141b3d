"""The work of a step, against counts by hand and against what the network that is really trained counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.step_graph.graph import Graph, graph_of
from controllers.step_graph.workload import WorkloadConfig
from emulator.errors import ConfigError
from experiments.models.mlp_work import step_work

SMALL = {"width": 7, "depth": 3, "inputs": 11, "outputs": 5, "batch": 4}


def graph(**keys: object) -> Graph:
    return graph_of(WorkloadConfig(**{**SMALL, **keys}))


def flops(found: Graph, *activities: str) -> int:
    return sum(kernel.flops for kernel in found.kernels if kernel.activity in activities)


def test_a_perceptron_has_the_weights_and_biases_of_its_layers() -> None:
    assert graph().parameters == 12 * 7 + 2 * (8 * 7) + 8 * 5


def test_products_of_the_forward_pass_are_two_operations_a_weight_and_row() -> None:
    products = [kernel.flops for kernel in graph().forward if kernel.activity == "forward"]
    weights = 11 * 7 + 2 * 7 * 7 + 7 * 5
    assert sum(products) >= 2 * 4 * weights
    assert sum(products) == 2 * 4 * weights + 2 * 4 * 7 * 3  # and a tanh that reads and writes


def test_backpropagation_passes_the_error_through_all_layers_but_the_first() -> None:
    assert flops(graph(), "error_backward") == 2 * 4 * (2 * 7 * 7 + 7 * 5)
    assert flops(graph(method="dfa"), "error_backward") == 0


def test_feedback_alignment_does_everything_else_alike() -> None:
    bp, dfa = graph(), graph(method="dfa")
    alike = ("forward", "output_gradient", "local_gradient", "update")
    assert flops(bp, *alike) == flops(dfa, *alike)
    assert flops(dfa, "projection") == 2 * 4 * 5 * 7
    assert flops(graph(method="dfa", sharing="slices"), "projection") == 2 * 4 * 5 * 21


def test_light_takes_the_projection_from_the_gpu_and_costs_two_transfers() -> None:
    odfa = graph(method="odfa", sharing="slices")
    assert flops(odfa, "projection") == 0
    assert [kernel.moved for kernel in (*odfa.sent, *odfa.fetched)] == [4 * 4 * 5, 4 * 4 * 21]
    assert (odfa.rows, odfa.features, odfa.projections) == (4, 5, 21)


def test_the_last_products_agree_with_those_of_the_network_that_is_trained() -> None:
    """``mlp_work`` counts the same products, with its own few operations for biases and activations."""
    theirs = step_work((11, 7, 7, 7, 5), 4)
    assert flops(graph(), "forward") == pytest.approx(theirs.forward.flops, rel=0.1)
    assert flops(graph(), "error_backward") == pytest.approx(theirs.backpropagation.flops, rel=0.2)


def test_a_transformer_passes_on_a_quarter_of_what_backpropagation_computes_of_inputs() -> None:
    """Only the first product of a block, 3 of 12 width squared, has an input that belongs to another block."""
    keys = {"network": "transformer", "width": 64, "depth": 5, "heads": 4, "context": 16, "outputs": 100}
    found = graph(**keys)
    rows = 4 * 16
    blocks, head = 5 * 2 * rows * 3 * 64**2, 2 * rows * 64 * 100
    assert flops(found, "error_backward") == pytest.approx(blocks + head, rel=0.02)


def test_memory_is_that_of_weights_gradients_states_and_what_is_kept() -> None:
    parameters, kept = graph().parameters, 4 * 4 * (11 + 7 + 2 * 14 + 7)
    assert graph().whole_bytes == 8 * parameters + kept
    assert graph(optimizer="adam").whole_bytes == 16 * parameters + kept
    assert graph().offloaded_bytes < graph().whole_bytes


def test_several_gpus_share_the_batch_and_add_up_their_gradients() -> None:
    workload = WorkloadConfig(**SMALL)
    one, two = graph_of(workload), graph_of(workload, 2)
    assert 2 * flops(two, "forward") == flops(one, "forward")
    assert {kernel.devices for kernel in two.kernels} == {2}
    assert sum(kernel.reduced for kernel in two.kernels) == 4 * one.parameters
    assert two.rows == one.rows


@given(st.integers(1, 20), st.integers(1, 8), st.sampled_from(["bp", "dfa", "odfa"]))
def test_a_larger_batch_or_depth_is_never_less_work(batch: int, depth: int, method: str) -> None:
    here = graph(batch=batch, depth=depth, method=method)
    for more in (
        graph(batch=batch + 1, depth=depth, method=method),
        graph(batch=batch, depth=depth + 1, method=method),
    ):
        assert sum(kernel.bytes for kernel in more.kernels) > sum(kernel.bytes for kernel in here.kernels)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"context": 4}, "a perceptron has no tokens"),
        ({"network": "transformer", "width": 10, "heads": 3}, "3 heads do not share width = 10"),
        ({"network": "vit", "context": 3}, "do not make 3 patches"),
        ({"schedule": "late"}, "there is no light"),
        ({"sharing": "slices"}, "backpropagation projects no error"),
        ({"method": "odfa", "schedule": "late", "steps": 2}, "allowed: 3 or more"),
        ({"numeric": True, "precision": "half"}, "small perceptron in single precision"),
    ],
)
def test_what_does_not_fit_together_is_refused_with_what_does(keys: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        WorkloadConfig(**{**SMALL, **keys})
