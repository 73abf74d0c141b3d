"""Work is counted: more samples and more devices are more of it, and a product costs a few passes."""

from controllers.digital_twin.work import Work, forward_work, pull_work, push_work
from emulator.physics.chip.adjoint import nominal_network
from tests.builders import random_design

SMALL = nominal_network(random_design((4, 3), 0).layers, 3.0)
NET = nominal_network(random_design((64, 24, 24, 10), 0).layers, 3.0)


def test_a_pass_of_few_samples_is_six_operations_a_device_and_sample_and_twenty_a_phase() -> None:
    assert forward_work(SMALL, 2).flops == 6 * 12 * 2 + 20 * 12


def test_a_pass_of_many_samples_propagates_the_unit_vectors_and_multiplies() -> None:
    assert forward_work(SMALL, 100).flops == 6 * 12 * 4 + 2 * 12 * 100 + 20 * 12


def test_products_cost_between_one_and_four_passes() -> None:
    for samples in (8, 32, 256, 2000):
        one = forward_work(NET, samples).flops
        assert one < push_work(NET, samples).flops < 4 * one
        assert one < pull_work(NET, samples).flops < 4 * one


def test_work_adds_up() -> None:
    assert Work(1, 2).plus(Work(3, 4)).times(2) == Work(8, 12)
    paid = Work(5, 6).paid("step")
    assert (paid.flops, paid.bytes, paid.activity) == (5, 6, "step")
