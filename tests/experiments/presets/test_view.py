"""Tests of the list of presets: its numbers are the instruments' own."""

import io

import pytest
from rich.console import Console

from emulator.commands import Forward, SetPhases, Settle
from emulator.config.models import build, preset_names
from emulator.errors import ConfigError
from emulator.instruments.chip.chip import Chip
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Setting
from emulator.meter import Meter
from emulator.units import ps_to_s
from experiments.presets.view import BATCH, NETWORK, idle_power_w, preset_text, query_time_s, show_presets
from tests.builders import random_batch, random_design
from tests.experiments.terminal import WIDTHS, missing, seen


def chip_config(name: str) -> ChipConfig:
    return build(ChipConfig, {"preset": name}, name)


@pytest.mark.parametrize("name", preset_names("chip"))
def test_the_query_time_and_the_idle_power_are_the_chips_own(name: str) -> None:
    config = chip_config(name)
    meter = Meter()
    design = random_design(NETWORK, mesh=config.mesh)
    chip = Chip(config, design, Setting(0, HostConfig(), meter))
    batch = random_batch(BATCH, NETWORK[0])
    chip.run(Forward(batch), chip.begin(Forward(batch)), 0)  # brings the mini-batch to the chip
    commands = (SetPhases((0,), (1.0,)), Settle(), Forward(batch))
    expected_s = ps_to_s(sum(chip.begin(command).free_ps for command in commands))
    assert query_time_s(config) == pytest.approx(expected_s, abs=3e-12)
    assert idle_power_w(config) == pytest.approx(meter.power_w() - chip.core.heater_power_w)


def test_every_preset_is_listed_with_a_description() -> None:
    paper = io.StringIO()
    show_presets(None, Console(file=paper, width=160))
    names = [name for kind in ("chip", "host", "opu") for name in preset_names(kind)]
    assert [name for name in names if f"\n{name}: " not in paper.getvalue()] == []


def test_the_units_are_listed_with_their_operations_and_what_the_brochure_says() -> None:
    paper = io.StringIO()
    show_presets("opu", Console(file=paper, width=80))
    lines = paper.getvalue().splitlines()
    rows = {line.split()[0]: line.split() for line in lines[1 : 1 + len(preset_names("opu"))]}
    assert sorted(rows) == sorted(preset_names("opu"))
    assert rows["light_in_the_loop"][-2:] == ["312", "40"]
    assert rows["full_frame"][-2:] == ["1,535", "90.2"]
    assert "340 Hz would give 1,569 TeraOPS" in " ".join(paper.getvalue().split())
    assert "doped_si" not in paper.getvalue()


@pytest.mark.parametrize("width", WIDTHS)
def test_what_the_columns_mean_is_said_below_them(width: int) -> None:
    text = seen(lambda console: show_presets(None, console), width)
    sentences = (
        "query: one heater set and settled, 64-24-24-10 read with 32 samples; without the host.",
        "idle: all but heaters and host.",
        "At the rated size, frames grabbed by the host preset workstation; acquisitions come on top.",
        "TeraOPS: 2 x inputs x outputs x frames/s.",
    )
    assert missing(sentences, text) == []


def test_an_unknown_kind_of_preset_is_refused() -> None:
    with pytest.raises(ConfigError, match="allowed: chip, gpu, host, opu"):
        show_presets("opus", Console(file=io.StringIO()))


def test_the_text_of_a_preset_opens_with_what_it_is() -> None:
    assert preset_text("chip", "lab_loop").startswith("# ")
    assert "# paper light-in-the-loop: 1.5 kHz" in preset_text("opu", "light_in_the_loop")
    with pytest.raises(ConfigError, match="did you mean 'lab_loop'"):
        preset_text("chip", "lab_lop")
