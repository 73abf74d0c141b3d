"""Tests of configuration values as people read them."""

import pytest

from experiments.output.amounts import shown_value, unit_of


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("opu.pcie.rate_bit_per_s", 16000000000.0, "16 Gbit/s"),
        ("host.flops_per_s", 1e12, "1 Tflop/s"),
        ("chip.link.latency_s", 1e-6, "1 us"),
        ("chip.receiver.thermal_noise_a_per_sqrt_hz", 2e-12, "2 pA/√Hz"),
        ("chip.heaters.gamma_rad_per_v2", 0.348, "0.348"),
        ("controller.queries", 60000, "60,000"),
        ("opu.skip_zero", True, "True"),
        ("chip.preset", None, "missing"),
        ("chip.preset", "paper_s", "paper_s"),
    ],
)
def test_an_amount_has_the_unit_of_its_key(path: str, value: object, text: str) -> None:
    assert shown_value(path, value) == text


def test_a_key_without_a_unit_has_none() -> None:
    assert [unit_of(path) for path in ("seed", "a.gamma_rad_per_v2", "b.power_w")] == ["", "", "W"]
