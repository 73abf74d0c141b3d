"""The pieces of a step's graph: transfers, updates, and the memory of blocks."""

from controllers.step_graph.blocks import blocks_of
from controllers.step_graph.operations import Sizes
from controllers.step_graph.pieces import kernels, memory, moved, updated
from controllers.step_graph.workload import WorkloadConfig

W = WorkloadConfig(width=7, depth=3, inputs=11, outputs=5, batch=4)
BLOCKS = blocks_of(W, Sizes(4, 4))


def test_values_on_their_way_to_the_host_have_four_bytes_and_start_no_kernel() -> None:
    (kernel,) = moved("error_transfer", 10)
    assert (kernel.moved, kernel.launches) == (40, 0)


def test_the_first_kernel_of_a_block_waits_for_its_weights() -> None:
    found = list(kernels("forward", BLOCKS[0].forward, False, 99))
    assert [kernel.weights for kernel in found] == [99, 0]


def test_some_of_the_blocks_need_less_memory_and_fewer_updates_than_all() -> None:
    sizes = Sizes(4, 4)
    assert memory(W, BLOCKS[:2], sizes)[0] + memory(W, BLOCKS[2:], sizes)[0] == memory(W, BLOCKS, sizes)[0]
    assert len(list(updated(W, BLOCKS[:2], 4))) == 2
