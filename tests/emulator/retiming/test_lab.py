"""What differs between two laboratories is named by dotted path, with both values."""

from emulator.config.difference import leaves
from emulator.retiming.lab import Change, changes
from tests.emulator.retiming.retiming_lab import OPU_DESIGN, chip_lab, chip_of, configured, opu_lab


def test_equal_laboratories_differ_in_nothing() -> None:
    assert changes(chip_lab(3), chip_lab(3)) == ()


def test_every_changed_value_is_named_with_its_section_and_sorted() -> None:
    old = chip_lab(1)
    new = configured(configured(old, "host", overhead_s=2.0), "chip", "link", latency_s=1.0)._replace(seed=5)
    assert changes(old, new) == (
        Change("chip.link.latency_s", chip_of(old).link.latency_s, 1.0),
        Change("host.overhead_s", old.host.overhead_s, 2.0),
        Change("seed", 1, 5),
    )


def test_an_instrument_that_is_new_brings_each_of_its_values() -> None:
    found = {change.path: (change.old, change.new) for change in changes(chip_lab(), opu_lab())}
    values = leaves(opu_lab().lab["opu"].config)
    expected = {f"opu.{path}": (None, value) for path, value in values.items() if value is not None}
    assert found == expected | {"opu.design": (None, tuple(OPU_DESIGN))}
