"""What-ifs of a recorded recovery: rows, sweeps, refusals, the three outputs."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from emulator.errors import ConfigError
from emulator.streams import stream
from experiments.run.run import run_study
from experiments.run.study import Study, load_study
from experiments.whatif.picture import draw_whatif
from experiments.whatif.points import WhatIf, sweep_values, whatif
from experiments.whatif.view import show_whatif
from tests.experiments.conftest import STUDIES

pytestmark = pytest.mark.usefixtures("in_room")


COLOURS = "chip.inputs.wavelengths=32"


@pytest.fixture(scope="module")
def swept(small_trace: Path) -> WhatIf:
    sweeps = ("host.overhead_s=1 us:100 us:3:log", "chip.heaters.p_pi_w=10 mW,24.77 mW")
    return whatif(small_trace, ("chip.dac.update_s=2 us",), sweeps)


def test_the_baseline_is_the_recorded_run(swept: WhatIf, small_trace: Path) -> None:
    from experiments.inspect.inspection import inspect_trace

    found = inspect_trace(small_trace)
    assert swept.baseline.elapsed_s == found.elapsed_s
    assert swept.baseline.energy_j == pytest.approx(found.energy_j, rel=1e-12)
    assert (swept.baseline.changed, swept.baseline.warnings, swept.digest) == ({}, (), found.digest)


def test_there_is_a_row_for_every_point_of_the_product(swept: WhatIf) -> None:
    points = [(p.changed["host.overhead_s"], p.changed["chip.heaters.p_pi_w"]) for p in swept.points]
    assert points == [
        (pytest.approx(overhead_s), pytest.approx(watts))
        for overhead_s in (1e-6, 1e-5, 1e-4)
        for watts in (10e-3, 24.77e-3)
    ]
    assert all(p.changed["chip.dac.update_s"] == 2e-6 for p in swept.points)


def test_a_point_is_a_real_run_with_its_parameters(small_study: Study, tmp_path: Path) -> None:
    instant = ("controller.queries=100", "chip.heaters.dynamics=instant")
    run_study(load_study(STUDIES / "vowel_recovery.toml", instant), tmp_path / "run.h5")
    settings = ("chip.link.latency_s=3 us", "chip.heaters.settle_s=2 us", "host.active_power_w=77", COLOURS)
    (point,) = whatif(tmp_path / "run.h5", settings).points
    real = run_study(load_study(STUDIES / "vowel_recovery.toml", (*instant, *settings)))
    assert point.elapsed_s == real.elapsed_s
    assert point.energy_j == pytest.approx(real.energy_j, rel=1e-12)
    assert point.energy_delay_j_s == pytest.approx(real.energy_j * real.elapsed_s, rel=1e-12)
    assert point.warnings == ()


def random_settings(rng: np.random.Generator) -> tuple[str, ...]:
    """Return times and powers of a chip and its host, none of which decides what is read."""
    ranges = {
        "chip.link.latency_s": (0, 5e-6),
        "chip.link.rate_bit_per_s": (1e9, 1e11),
        "chip.dac.update_s": (0, 3e-6),
        "chip.dac.shared_power_w": (0, 3),
        "chip.heaters.settle_s": (0, 1e-5),
        "chip.heaters.p_pi_w": (1e-3, 0.1),
        "chip.inputs.symbol_rate_hz": (1e8, 1e10),
        "chip.inputs.power_w_per_channel": (0, 0.5),
        "chip.receiver.detection_s": (0, 1e-7),
        "chip.receiver.adc_s": (0, 1e-6),
        "chip.receiver.power_w_per_channel": (0, 0.2),
        "chip.laser.wall_plug_efficiency": (0.05, 1),
        "host.overhead_s": (0, 2e-5),
        "host.idle_power_w": (0, 50),
        "host.active_power_w": (50, 150),
    }
    colours = f"chip.inputs.wavelengths={rng.integers(1, 40)}"
    return (colours, *(f"{path}={rng.uniform(*ends)!r}" for path, ends in ranges.items()))


@pytest.mark.parametrize("count", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_a_retimed_recovery_is_a_real_one_for_random_sets_of_parameters(tmp_path: Path, count: int) -> None:
    base = ("controller.queries=60", "evaluation.every_queries=60", "chip.heaters.dynamics=instant")
    run_study(load_study(STUDIES / "vowel_recovery.toml", base), tmp_path / "run.h5")
    rng = stream(11, "tests/whatif")
    for _ in range(count):
        settings = random_settings(rng)
        (found,) = whatif(tmp_path / "run.h5", settings).points
        real = run_study(load_study(STUDIES / "vowel_recovery.toml", (*base, *settings)))
        assert found.elapsed_s == real.elapsed_s
        assert found.energy_j == pytest.approx(real.energy_j, rel=1e-12)
        assert found.warnings == ()


def test_what_binds_changes_with_the_parameters(swept: WhatIf) -> None:
    assert swept.points[0].binds == "heaters.settling"
    assert swept.points[-1].binds == "host.think"


def test_json_rows_carry_time_energy_and_what_was_changed(swept: WhatIf) -> None:
    tree = json.loads(swept.to_json())
    assert tree["mode"] == "closed"
    assert len(tree["rows"]) == 7
    assert {"elapsed_s", "energy_j", "changed", "energy_delay_j_s", "warnings"} <= tree["rows"][3].keys()


def test_csv_has_a_column_for_every_changed_parameter(swept: WhatIf) -> None:
    rows = list(csv.DictReader(swept.to_csv().splitlines()))
    assert len(rows) == 7
    assert float(rows[1]["host.overhead_s"]) == pytest.approx(1e-6)
    assert rows[0]["host.overhead_s"] == ""
    assert float(rows[1]["elapsed_s"]) == swept.points[0].elapsed_s


def test_the_table_shows_every_row_and_says_each_warning_once(small_trace: Path) -> None:
    console = Console(width=200, record=True)
    show_whatif(whatif(small_trace, (), ("chip.heaters.settle_s=1 us,2 us",)), console)
    text = console.export_text()
    assert "re-timed (closed: readings and choices as recorded)" in text
    assert "as recorded" in text
    assert text.count("would have been read less settled") == 2  # two settling times, two warnings
    assert "[1]" in text


def test_the_figure_is_drawn_once_and_replaced_on_demand_only(swept: WhatIf, tmp_path: Path) -> None:
    out = tmp_path / "figures" / "whatif.png"
    draw_whatif(swept, out)
    assert out.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ConfigError, match="a file lies here already"):
        draw_whatif(swept, out)
    draw_whatif(swept, out, force=True)
    with pytest.raises(ConfigError, match="is no image type"):
        draw_whatif(swept, tmp_path / "whatif.txt")


def test_a_figure_without_a_sweep_shows_its_one_point(small_trace: Path, tmp_path: Path) -> None:
    draw_whatif(whatif(small_trace, ("host.overhead_s=0",)), tmp_path / "one.svg")
    assert (tmp_path / "one.svg").stat().st_size > 0


@pytest.mark.parametrize(
    ("sweep", "values"),
    [
        ("a.b=1 us,2 ms, 3 s", ("a.b=1 us", "a.b=2 ms", "a.b=3 s")),
        ("a.b=0.5us:1000ns:3", ("a.b=0.5 us", "a.b=0.75 us", "a.b=1 us")),
        ("a.b=1us:1ms:4:log", ("a.b=1 us", "a.b=10 us", "a.b=100 us", "a.b=1000 us")),
        ("a.b=[64],[8, 8],[]", ("a.b=[64]", "a.b=[8, 8]", "a.b=[]")),
        ("a.b=0:1:3", ("a.b=0", "a.b=0.5", "a.b=1")),
        ("a.b=1 us:100 us:3:log", ("a.b=1 us", "a.b=10 us", "a.b=100 us")),
        ("a.b=1:3:3", ("a.b=1", "a.b=2", "a.b=3")),
        ("a.b=1:2 Gbit/s:2", ("a.b=1 Gbit/s", "a.b=2 Gbit/s")),
        ("a.b=instant,dynamic", ("a.b=instant", "a.b=dynamic")),
    ],
)
def test_a_sweep_stands_for_its_values(sweep: str, values: tuple[str, ...]) -> None:
    assert sweep_values(sweep) == values


@pytest.mark.parametrize(
    "sweep",
    ["a.b", "=1", "a.b=", "a.b=1,,2", "a.b=1:2", "a.b=1:2:1", "a.b=1:2:x", "a.b=0:2:3:log", "a.b=1 ms:2 W:3",
     "a.b=1 us:2:3", "a.b=10,5 us", "a.b=1:2:3:lin", "a.b=1:2:3:log:4", "a.b=x:y:3"],
)  # fmt: skip
def test_a_sweep_that_cannot_be_read_is_refused(sweep: str) -> None:
    with pytest.raises(ConfigError, match=r"--sweep .* refused"):
        sweep_values(sweep)


@pytest.mark.parametrize(
    ("settings", "sweeps", "message"),
    [
        ((), (), "nothing is changed"),
        (("controller.step_rad=0.1",), (), r"controller\.step_rad = 0\.1 cannot be re-timed"),
        (("seed=3",), (), "seed = 3 cannot be re-timed"),
        (("chip.heaters.tau=1 us",), (), "did you mean 'chip.heaters.tau_s'"),
        ((), ("host.overhead_s=0:1:9000", "chip.dac.update_s=0:1:2"), "18000 points; allowed: up to 10000"),
    ],
)
def test_what_cannot_be_retimed_is_refused(
    small_trace: Path, settings: tuple[str, ...], sweeps: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        whatif(small_trace, settings, sweeps)


def test_arrays_may_be_trusted(small_trace: Path) -> None:
    found = whatif(small_trace, ("host.overhead_s=0",), verify=False)
    assert found.digest == ""
    assert math.isfinite(found.points[0].elapsed_ratio)
