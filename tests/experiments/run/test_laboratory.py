"""Tests that a re-timing grants no machine that a run refuses, and gives the run's reason."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.errors import LightloopError
from experiments.run.bench import make_bench
from experiments.run.prepare import Prepared, prepare
from experiments.run.run import program_of
from experiments.run.study import Study, load_study
from experiments.whatif.points import whatif
from tests.experiments.command_line import refusal
from tests.experiments.conftest import STUDIES
from tests.experiments.light_traces import light_study, record_light

pytestmark = pytest.mark.usefixtures("in_room")


@pytest.fixture(scope="module")
def light(room: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(room)
        return record_light(
            tmp_path_factory.mktemp("light") / "granted.h5", "controller.epochs=1", "budget.queries=200"
        )


@pytest.fixture(scope="module")
def ready(room: Path) -> Prepared:
    return prepare(light_study())


UNITS = ["light_in_the_loop", "opu_gen2", "opu_gen3", "full_frame"]

machines = st.lists(
    st.one_of(
        st.sampled_from([f"opu.preset={name}" for name in UNITS]),
        st.sampled_from(["binary", "ternary", "bitplanes"]).map("opu.dmd.encoding={}".format),
        st.integers(1, 3).map("opu.dmd.rows={}".format),
        st.integers(1, 3).map("opu.dmd.columns={}".format),
        st.sampled_from([1, 4, 40]).map("opu.camera.columns={}".format),
        st.sampled_from([1, 7, 2000]).map("opu.camera.roi_rows={}".format),
        st.sampled_from([1500, 2100, 9000]).map("opu.camera.frame_rate_hz={}".format),
        st.sampled_from(["off_axis", "phase_shifting", "anchor", "intensity"]).map(
            "opu.recovery.mode={}".format
        ),
        st.sampled_from([100, 10**9]).map("opu.medium.max_stored_bytes={}".format),
        st.just("opu.camera.rates=[{inputs = 1, outputs = 1, rate_hz = 50}]"),
    ),
    min_size=1,
    max_size=3,
)


def prepare_run(study: Study, prepared: Prepared) -> None:
    """Do what a run does before it writes anything."""
    program = program_of(study, prepared)
    make_bench(study, prepared, program.sizes, program.shows)


def refusal_of(act: Callable[[], object]) -> str:
    """Return why ``act`` is refused, or nothing; the place that opens the message is left out."""
    try:
        act()
    except LightloopError as error:
        said = str(error).partition(": ")[2] if ".h5: " in str(error) else str(error)
        return said.removeprefix("test: ").removeprefix("--set: ")  # who asked, which differs
    return ""


@given(machines)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_what_if_of_light_refuses_what_a_run_refuses_for_its_reason(
    light: Path, ready: Prepared, machine: list[str]
) -> None:
    presets = [each for each in machine if "preset" in each]  # they stand for a whole section: first of all
    changes = (*presets[-1:], *(each for each in machine if "preset" not in each))
    found = refusal_of(lambda: whatif(light, changes))
    assert found == refusal_of(lambda: prepare_run(light_study(*changes), ready))


@pytest.mark.parametrize("change", ["opu.dmd.encoding=binary", *(f"opu.preset={name}" for name in UNITS[1:])])
def test_a_unit_that_cannot_show_the_errors_is_refused_before_anything_is_written(
    change: str, light: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "none.h5"
    said = refusal(capsys, "run", "mnist_light", "--set", change, "--out", str(out))
    assert (
        "opu.dmd.encoding = 'binary' is refused: the vectors to be projected have entries of -1, 0 and 1"
        in said
    )
    assert list(tmp_path.iterdir()) == []
    assert said in refusal(capsys, "whatif", str(light), "--set", change)
    assert said in refusal(capsys, "replay", str(light), "--mode", "closed", "--set", change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("chip.heaters.dead=[0]", "device 0 has no heater"),
        ("chip.receiver.adc_bits=1", "bits=1 has no code for zero"),
        ("chip.laser.power_w_per_wavelength=0", "raise chip.laser.power_w_per_wavelength"),
        ("chip.mesh.sigma_max=0.001", "makes another run"),
        ("chip.activation_clip=0.5", "makes another run"),
    ],
)
def test_a_what_if_of_a_chip_refuses_what_a_run_refuses(small_trace: Path, change: str, words: str) -> None:
    if "another run" not in words:
        study = load_study(STUDIES / "vowel_recovery.toml", ("controller.queries=200", change))
        with pytest.raises(LightloopError, match=words):
            prepare_run(study, prepare(study))
    with pytest.raises(LightloopError, match=words):
        whatif(small_trace, (change,))
