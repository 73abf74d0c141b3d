"""What differs between two laboratories is named by dotted path, with both values."""

from emulator.retiming.lab import Change, changes, leaves
from tests.emulator.retiming.retiming_lab import OPU_DESIGN, chip_lab, opu_lab


def test_equal_laboratories_differ_in_nothing() -> None:
    assert changes(chip_lab(3), chip_lab(3)) == ()


def test_every_changed_value_is_named_with_its_section_and_sorted() -> None:
    old = chip_lab(1)
    assert old.chip is not None
    link = old.chip.link.model_copy(update={"latency_s": 1.0})
    host = old.host.model_copy(update={"overhead_s": 2.0})
    new = old._replace(seed=5, host=host, chip=old.chip.model_copy(update={"link": link}))
    assert changes(old, new) == (
        Change("chip.link.latency_s", old.chip.link.latency_s, 1.0),
        Change("host.overhead_s", old.host.overhead_s, 2.0),
        Change("seed", 1, 5),
    )


def test_an_instrument_that_is_new_brings_each_of_its_values() -> None:
    found = {change.path: (change.old, change.new) for change in changes(chip_lab(), opu_lab())}
    lab = opu_lab()
    assert lab.opu is not None
    expected = {f"opu.{path}": (None, value) for path, value in leaves(lab.opu).items() if value is not None}
    assert found == expected | {"opu_design": (None, tuple(OPU_DESIGN))}
