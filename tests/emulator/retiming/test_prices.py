"""The price of a command under a configuration, against arithmetic and against what the chip recorded."""

import numpy as np
import pytest

from emulator.commands import Compute, Controller, Forward, SetPhases, Settle
from emulator.errors import ConfigError
from emulator.retiming.prices import price
from tests.builders import random_batch
from tests.emulator.retiming.retiming_lab import SIZES, Outing, chip_lab, chip_of, recording_of, run, without

LAB = chip_lab()
BATCH = random_batch(12, SIZES[0])


def one_of_each() -> Controller:
    yield SetPhases([0, 1, 2], [0.1, 0.2, 0.3])
    yield Settle()
    yield Forward(BATCH)
    yield Compute(3_000_000, 400_000, "update")


@pytest.fixture(scope="module")
def outing(tmp_path_factory: pytest.TempPathFactory) -> Outing:
    return run(LAB, lambda: {"agent": one_of_each()}, tmp_path_factory.mktemp("prices") / "run.h5")


def test_the_prices_of_a_recording_are_the_times_that_it_took(outing: Outing) -> None:
    recording = recording_of(outing, LAB)
    prices = price(recording.plans, LAB)
    with outing.open() as trace:
        took_ps = trace.commands.t_done - trace.commands.t_started
        np.testing.assert_array_equal(prices.rows.reply[recording.links.plan], took_ps)


def test_prices_are_sums_of_the_times_of_their_parts(outing: Outing) -> None:
    chip, host = chip_of(LAB), LAB.host
    link = chip.link

    def transfer_s(bits: int) -> float:
        return link.latency_s + bits / link.rate_bit_per_s

    bits = 12 * link.bits_per_sample
    symbols = -(-12 // chip.inputs.wavelengths) * chip.receiver.averages
    layers = len(SIZES) - 1
    light_s = layers * (
        symbols / chip.inputs.symbol_rate_hz + chip.receiver.detection_s + chip.receiver.adc_s
    )
    expected_s = [
        transfer_s(3 * link.bits_per_setpoint) + chip.dac.update_s,
        chip.heaters.settle_s,
        transfer_s(bits * SIZES[0])
        + link.latency_s
        + light_s
        + transfer_s(bits * SIZES[-1])
        + host.overhead_s,
        host.launch_s + max(3e6 / host.flops_per_s, 4e5 / host.bytes_per_s),
    ]
    recording = recording_of(outing, LAB)
    found_ps = price(recording.plans, LAB).rows.reply[recording.links.plan]
    np.testing.assert_allclose(found_ps, np.array(expected_s) * 1e12, atol=8)  # each part is whole ps


def test_a_command_has_no_price_where_its_instrument_is_missing(outing: Outing) -> None:
    plans = recording_of(outing, LAB).plans
    with pytest.raises(ConfigError, match="the configuration has no chip"):
        price(plans, without(LAB, "chip"))
