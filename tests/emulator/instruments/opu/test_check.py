"""Tests that a unit is refused before it is built exactly when building it, or showing it a vector, is refused."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.commands import Project
from emulator.errors import ConfigError, LightloopError
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Setting, Stand
from emulator.instruments.opu.check import SHOWN, check, needed_values, told, whole_box
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.opu import Opu
from emulator.instruments.opu.timing import OpuDesign
from emulator.meter import Meter
from tests.opu_lab import DESIGN, random_vectors, small_opu

HOST = HostConfig()

changes = st.fixed_dictionaries(
    {},
    optional={
        "dmd.rows": st.integers(1, 8),
        "dmd.columns": st.integers(1, 8),
        "dmd.encoding": st.sampled_from(["binary", "ternary", "bitplanes"]),
        "camera.rows_max": st.integers(1, 8),
        "camera.columns": st.integers(1, 64),
        "camera.roi_rows": st.integers(1, 8),
        "camera.frame_rate_hz": st.sampled_from([100.0, 1500.0, 2000.0]),
        "camera.rates": st.just("[{inputs = 10, outputs = 100, rate_hz = 500}]"),
        "camera.row_s": st.sampled_from([1e-6, 1e-4]),
        "recovery.mode": st.sampled_from(["off_axis", "phase_shifting", "anchor", "intensity"]),
        "recovery.anchor_group": st.integers(1, 3),
        "medium.store": st.sampled_from(["dense", "streamed", "structured"]),
        "medium.max_stored_bytes": st.sampled_from([10, 10_000, 10**9]),
    },
)


def unit(change: dict[str, object]) -> OpuConfig | None:
    """Return a small unit, or None where the configuration itself is refused."""
    try:
        return small_opu(*(f"{path}={value}" for path, value in change.items()))
    except ConfigError:
        return None


def why_not(act: Callable[[], object]) -> str:
    """Return why ``act`` is refused, or nothing."""
    try:
        act()
    except LightloopError as error:
        return str(error)
    return ""


def refused(config: OpuConfig, design: OpuDesign) -> str:
    """Return why the unit cannot be built or cannot show a vector, or nothing."""
    built = why_not(lambda: Opu(config, design, Setting(0, HOST, Meter())))
    if built:
        return built
    encoding = {"any": "bitplanes"}.get(design.shows, design.shows)
    vectors = Project(random_vectors(4, design.features, encoding, lit=0.9))
    shown = why_not(lambda: Opu(config, design, Setting(0, HOST, Meter())).begin(vectors))
    return shown and f"cannot show: {shown}"


@given(changes, st.sampled_from(["binary", "ternary", "any"]), st.integers(1, 60), st.integers(1, 300))
@settings(max_examples=50, deadline=None)
def test_it_refuses_what_cannot_be_built_or_shown_and_nothing_else(
    change: dict[str, object], shows: str, features: int, outputs: int
) -> None:
    config, design = unit(change), OpuDesign(features, outputs, shows)
    if config is None:
        return
    built, checked = refused(config, design), why_not(lambda: check(Stand(config, design), HOST))
    assert bool(checked) == bool(built)
    assert checked == built or built.startswith("cannot show")


@pytest.mark.parametrize(
    ("encoding", "shows", "words"),
    [
        (
            "binary",
            "ternary",
            "of -1, 0 and 1, and its patterns show 0 and 1; allowed: 'ternary' or 'bitplanes'",
        ),
        ("binary", "any", "entries of any size, and its patterns show 0 and 1; allowed: 'bitplanes'"),
        ("ternary", "any", "entries of any size, and its patterns show -1, 0 and 1; allowed: 'bitplanes'"),
    ],
)
def test_a_refusal_says_what_is_to_be_shown_and_which_encoding_shows_it(
    encoding: str, shows: str, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        check(Stand(small_opu(f"dmd.encoding={encoding}"), DESIGN._replace(shows=shows)), HOST)


@pytest.mark.parametrize(("encoding", "needed"), [("binary", 0), ("ternary", 1), ("bitplanes", 2)])
def test_what_was_shown_is_told_by_the_trace(encoding: str, needed: int) -> None:
    config = small_opu("dmd.encoding=bitplanes")
    opu = Opu(config, DESIGN, Setting(0, HOST, Meter()))
    opu.begin(Project(random_vectors(2, encoding=encoding)))
    opu.begin(Project(np.zeros((1, DESIGN.features), dtype=np.float32)))
    ((name, values, _),) = opu.closing_states()
    assert (name, values.tolist()) == (SHOWN, [needed])
    found = told(config, {name: values}, DESIGN)
    assert found is not None
    assert found.shows == ("binary", "ternary", "any")[needed]


def test_where_the_trace_does_not_tell_all_that_the_encoding_can_show_was_shown() -> None:
    found = told(small_opu("dmd.encoding=ternary"), {}, DESIGN)
    assert found is not None
    assert found.shows == "ternary"
    assert told(small_opu(), {}, None) is None


def test_what_needed_most_stays_what_is_needed() -> None:
    assert needed_values(np.zeros((1, 3), dtype=np.float32), 1) == 1
    assert needed_values(np.array([[0.5]], dtype=np.float32), 0) == 2
    assert needed_values(np.array([[1.0]], dtype=np.float32), 2) == 2


def test_a_box_with_other_parts_is_taken_to_draw_the_same_and_that_is_said() -> None:
    box, larger = small_opu(), small_opu("dmd.rows=80")
    (words,) = whole_box(box, larger, frozenset())
    assert "opu.power_w = 30 W is that of the recorded box" in words
    assert [*whole_box(box, small_opu("dmd.rows=80", "power_w=40"), frozenset())] == []
    assert [*whole_box(box, small_opu("camera.gap_s=1e-6"), frozenset())] == []
