"""Where the time of a re-timed run goes, worked out by hand, alone and with another agent beside."""

from pathlib import Path

import pytest

from emulator.commands import Controller, Forward, Settle
from tests.builders import random_batch
from tests.emulator.retiming.retiming_lab import SIZES, chip_lab, chip_of, configured, retimed, run

BATCH = random_batch(5, SIZES[0])
OWN_PS = 250_000


def looker(queries: int) -> Controller:
    for _ in range(queries):
        yield Settle()
        yield Settle(OWN_PS)
        yield Forward(BATCH)


def test_settlings_and_thoughts_have_their_durations_and_all_adds_up_to_the_elapsed_time(
    tmp_path: Path,
) -> None:
    lab, count = chip_lab(), 4
    new = configured(lab, "host", overhead_s=3e-6)
    found = retimed(run(lab, lambda: {"looker": looker(count)}, tmp_path / "run.h5"), lab, new)
    shares = found.latency_by_span_s
    assert shares["host.think"] == pytest.approx(count * 3e-6)
    assert shares["heaters.settling"] == pytest.approx(
        count * (chip_of(new).heaters.settle_s + OWN_PS * 1e-12)
    )
    assert shares["link.request"] == pytest.approx(count * chip_of(new).link.latency_s)
    assert sum(shares.values()) == pytest.approx(found.elapsed_s)
    assert shares["idle"] == 0.0


def test_a_thought_beside_which_the_chip_works_is_the_chips_time(tmp_path: Path) -> None:
    """While one agent thinks, another's settling covers it; what no span covers is the host's."""
    lab = chip_lab()
    new = configured(lab, "host", overhead_s=3e-6)

    def beside() -> Controller:
        yield Settle(100_000_000)

    outing = run(lab, lambda: {"beside": beside(), "looker": looker(1)}, tmp_path / "run.h5")
    alone = retimed(outing, lab, new).latency_by_span_s
    assert alone["heaters.settling"] >= 1e-4
    assert alone.get("host.think", 0.0) == 0.0
