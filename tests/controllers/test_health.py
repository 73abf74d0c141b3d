"""What is known to be broken is left out by controllers that look, and by no others."""

import numpy as np

from controllers.health import Health
from controllers.zeroth_order.szo_scd import SzoScdConfig, start
from emulator.bench import Bench
from emulator.commands import Probe
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.instrument import Stand
from tests.controllers.guard.test_guard import CHIP, setting


def test_without_a_fault_every_heater_is_usable() -> None:
    assert Health().usable(np.array([1, 2, 3])).all()


def test_a_descent_leaves_out_what_was_found_broken() -> None:
    given, asked = setting(), set()
    broken = np.flatnonzero(CHIP.active)[::2].tolist()
    given.health.heaters.update(broken)
    controller = start(SzoScdConfig(queries=200, batch_size=32, sparsity=0.5), given).controller

    def listening():  # type: ignore[no-untyped-def]
        reply = None
        while True:
            try:
                command = controller.send(reply)
            except StopIteration:
                return
            if isinstance(command, Probe):
                asked.update(command.heaters)
            reply = yield command

    Bench({"chip": Stand(ChipConfig(), CHIP)}, 0).run({"mine": listening()})
    assert asked
    assert not asked & set(broken)


def test_broken_outputs_win_nothing_and_samples_of_their_classes_are_not_judged() -> None:
    health, outputs = Health(), np.array([[0.0, 9.0, 1.0], [3.0, 9.0, -200.0]])
    assert health.decided(outputs) is outputs
    assert health.judgeable(np.array([0, 1, 2])).all()
    health.outputs.add(1)
    assert health.decided(outputs).argmax(axis=1).tolist() == [2, 0]
    assert health.judgeable(np.array([0, 1, 2])).tolist() == [True, False, True]
    assert outputs[0, 1] == 9.0
