"""A step on a pipeline of GPUs: how blocks are shared out, how many turns there are, and who is busy in each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.step_graph.blocks import blocks_of
from controllers.step_graph.graph import graph_of
from controllers.step_graph.operations import Sizes
from controllers.step_graph.pieces import Graph
from controllers.step_graph.pipeline import stages_of
from controllers.step_graph.workload import WorkloadConfig

EVEN = {"width": 8, "depth": 7, "inputs": 8, "outputs": 8, "batch": 12, "parallel": "pipeline"}


def graph(gpus: int, **keys: object) -> Graph:
    return graph_of(WorkloadConfig(**{**EVEN, **keys}), gpus)


def flops(found: Graph, *activities: str) -> int:
    return sum(kernel.flops * kernel.devices for kernel in found.kernels if kernel.activity in activities)


@given(st.integers(1, 30), st.integers(2, 31), st.sampled_from(["fcnn", "transformer"]))
def test_every_block_is_in_one_stage_and_every_stage_has_a_block(depth: int, gpus: int, network: str) -> None:
    workload = WorkloadConfig(network=network, width=8, depth=depth, inputs=9, outputs=30)
    blocks = blocks_of(workload, Sizes(4, 4))
    gpus = min(gpus, len(blocks))
    stages = stages_of(blocks, gpus)
    assert [block for stage in stages for block in stage] == list(blocks)
    assert len(stages) == gpus
    assert all(stages)


def test_equal_blocks_are_shared_out_evenly() -> None:
    blocks = blocks_of(WorkloadConfig(**EVEN), Sizes(4, 4))
    assert [len(stage) for stage in stages_of(blocks, 4)] == [2, 2, 2, 2]


@pytest.mark.parametrize(("gpus", "pieces"), [(2, 3), (4, 2), (4, 12)])
def test_pieces_pass_in_m_plus_n_minus_1_turns_and_nobody_does_more_than_the_batch(
    gpus: int, pieces: int
) -> None:
    found = graph(gpus, microbatches=pieces)
    handed = [kernel for kernel in found.forward if kernel.activity == "hand_over"]
    assert len(handed) == pieces + gpus - 2
    per_turn = sum(1 for kernel in found.forward if kernel.activity == "forward") // (pieces + gpus - 1)
    assert per_turn == 2 * 8 // gpus
    assert (
        sum(kernel.devices for kernel in found.forward if kernel.activity == "forward")
        == per_turn * gpus * pieces
    )


def test_all_gpus_together_do_what_one_does() -> None:
    one = graph_of(WorkloadConfig(**{**EVEN, "parallel": "data"}), 1)
    for method in ("bp", "dfa"):
        found, alone = (
            graph(2, microbatches=3, method=method),
            graph_of(WorkloadConfig(**{**EVEN, "parallel": "data", "method": method}), 1),
        )
        assert flops(found, "forward") == pytest.approx(flops(alone, "forward"), rel=0.1)
        assert flops(found, "local_gradient") == pytest.approx(flops(alone, "local_gradient"), rel=0.3)
    assert graph(2).parameters == one.parameters
    assert graph(2).whole_bytes < one.whole_bytes


def test_feedback_makes_all_local_gradients_at_once_and_passes_no_error() -> None:
    bp, dfa = graph(4, microbatches=6), graph(4, microbatches=6, method="dfa")
    assert flops(dfa, "error_backward") == 0 < flops(bp, "error_backward")
    assert {kernel.devices for kernel in dfa.backward} == {4}
    assert {kernel.devices for kernel in bp.backward if kernel.activity == "local_gradient"} == {1, 2, 3, 4}


def test_with_light_one_gpu_sends_the_errors_and_all_fetch_the_projections() -> None:
    found = graph(4, method="odfa")
    assert [kernel.devices for kernel in (*found.sent, *found.fetched)] == [1, 4]
    assert (found.rows, found.features, found.projections) == (12, 8, 8)
