"""Tests of studies: strict, frozen, overridable by one dotted path, and whole in a trace."""

import re
from pathlib import Path
from typing import Literal

import pytest
from pydantic import ValidationError

from controllers.feedback_alignment import odfa
from controllers.kind import Kind, Options
from controllers.registry import CONTROLLERS
from controllers.zeroth_order import szo_scd
from emulator.config.files import overlay
from emulator.config.models import PositiveInt, StrictModel, Watts, digest, to_toml
from emulator.errors import ConfigError
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.host.host import Host
from emulator.instruments.instrument import InstrumentKind
from emulator.instruments.registry import INSTRUMENTS
from experiments.run.launch import shipped_studies
from experiments.run.prepare import prepare
from experiments.run.sections import DeploymentConfig
from experiments.run.study import Study, load_study, study_from_overrides, study_from_text
from experiments.tasks.registry import task_names
from tests.experiments.conftest import STUDIES


def write(folder: Path, text: str) -> Path:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_empty_file_is_the_default_study(tmp_path: Path) -> None:
    assert load_study(write(tmp_path, "")) == study_from_text("") == study_from_overrides(())


def test_overrides_beat_the_file_and_the_seed_beats_both(tmp_path: Path) -> None:
    path = write(tmp_path, "seed = 1\n[deployment]\nalpha = 0.5\n")
    study = load_study(path, ("deployment.alpha=0.25", "seed=2", "chip.heaters.tau_s=2 us"), seed=3)
    assert (study.deployment.alpha, study.seed, study.chip.heaters.tau_s) == (0.25, 3, 2e-6)


def test_the_tasks_seed_follows_the_studys_unless_it_is_given() -> None:
    assert study_from_text("seed = 4").task_seed == 4
    assert study_from_text("seed = 4\n[task]\nseed = 0").task_seed == 0


@pytest.mark.parametrize("name", shipped_studies())
def test_a_shipped_study_survives_being_written_into_a_trace(name: str) -> None:
    study = load_study(STUDIES / f"{name}.toml")
    again = study_from_text(to_toml(study))
    assert again == study
    assert digest(again) == digest(study)


@pytest.mark.parametrize("name", shipped_studies())
def test_a_shipped_study_names_a_task_and_the_papers_settings(name: str) -> None:
    study = load_study(STUDIES / f"{name}.toml")
    assert study.title
    if study.kind.name == "step_graph":
        return  # a step that is timed has no data and no rate
    assert study.task.name in task_names()
    if name in {"matrix_recovery", "lab_loop"}:
        return  # the paper tunes no matrices, and nothing that a serial line drives
    if study.kind is szo_scd.KIND:
        chip = study.controller
        assert (chip.step_rad, chip.step_decay, chip.batch_size) == (0.02, 0.985, 32)
        assert study.deployment.alpha == (0.05 if study.task.model == "cnn" else 0.15)
    else:
        light = study.controller
        assert light.feedback == "optical"
        if name in {"mnist_odfa", "mnist_light"}:  # no paper tells those of other networks and data
            assert (light.threshold, light.learning_rate) == (0.1, 0.01)
        if name == "fashion_odfa":  # chosen on validation
            assert (light.threshold, light.learning_rate) == (0.2, 0.001)
        assert study.opu.camera.frame_rate_hz == 1500


@pytest.mark.parametrize("name", ["mnist_odfa", "fashion_odfa"])
def test_a_training_with_light_is_the_papers(name: str) -> None:
    study = load_study(STUDIES / f"{name}.toml")
    assert study.kind is odfa.KIND
    assert study.task.hidden == (1024, 1024)
    assert study.controller.epochs == 10


RECOVERIES = "vowel_recovery fashion_recovery mnist_cnn_recovery fashion_cnn_recovery"
SOURCED = f"{RECOVERIES} mnist_odfa fashion_odfa mnist_light climate_na_odfa climate_bench_odfa"
SOURCED += " mnist16_diffusion_odfa fashion_diffusion_odfa dialogue_odfa"


@pytest.mark.parametrize("name", SOURCED.split())
def test_every_number_of_a_shipped_study_has_a_source(name: str) -> None:
    lines = (STUDIES / f"{name}.toml").read_text(encoding="utf-8").splitlines()
    settings = [line for line in lines if re.match(r"\w+ = ", line) and not line.startswith("title")]
    assert [line for line in settings if "  # " not in line] == []


def test_a_study_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        study_from_text("").seed = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("chip.heaters.settle_s=10,5 us", "--set: chip.heaters.settle_s: '10,5 us' has a comma"),
        ("deployment.alpha=0,15", "--set: deployment.alpha = '0,15' is refused"),
        ("controller.kind=szo", "--set: controller.kind = 'szo' is refused"),
        ("controller.alpha=.15", "--set: controller.alpha has moved"),
        ("opu.preset=opu_gen2", r"--set: the section \[opu\] is refused"),
        ("controller.queries=1e3", "allowed: a whole number, >= 1; write 1000"),
    ],
)
def test_a_refusal_of_an_override_names_the_override_and_not_the_file(
    override: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "study.toml"
    file.write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        load_study(file, [override])
    file.write_text("[chip.heaters]\nsettle_s = '10,5 us'\n", encoding="utf-8")
    with pytest.raises(
        ConfigError, match=r"study\.toml: chip\.heaters\.settle_s: .* write '10\.5 us' or '105 us'"
    ):
        load_study(file, ["controller.queries=5"])


@pytest.mark.parametrize(("text", "value"), [(".15", 0.15), ("+.15", 0.15), ("1.", 1.0), ("+1", 1)])
def test_an_override_may_write_its_point_where_toml_may_not(text: str, value: float) -> None:
    assert study_from_overrides([f"deployment.alpha={text}"]).section(DeploymentConfig).alpha == value


def test_a_refusal_names_file_key_value_and_what_is_allowed(tmp_path: Path) -> None:
    path = write(tmp_path, "[deployment]\nalpha = 1.5\n")
    with pytest.raises(
        ConfigError, match=r"study\.toml: deployment\.alpha = 1\.5 is refused; allowed: .*<= 1"
    ):
        load_study(path)


# ------------------------------------------------------------------------------- which kind it is


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", szo_scd.KIND),
        ("[controller]\nsparsity = 0.5", szo_scd.KIND),
        ('[controller]\nkind = "szo_scd"', szo_scd.KIND),
        ('[controller]\nkind = "odfa"', odfa.KIND),
    ],
)
def test_the_controllers_kind_says_what_is_studied(text: str, kind: Kind) -> None:
    study = study_from_text(text)
    assert study.kind is kind
    assert isinstance(study.controller, kind.options)


def test_an_override_may_choose_the_kind(tmp_path: Path) -> None:
    path = write(tmp_path, '[task]\nname = "mnist"')
    study = load_study(path, ("controller.kind=odfa", "controller.threshold=0.2"))
    assert (study.task.name, study.controller.threshold) == ("mnist", 0.2)


@pytest.mark.parametrize(
    ("kind", "refused", "hint"),
    [
        ('"odfaa"', "'odfaa'", "; did you mean 'odfa'?"),
        ('"szo_scdd"', "'szo_scdd'", "; did you mean 'szo_scd'?"),
        ('"simulated annealing"', "'simulated annealing'", ""),
        ("3", "'3'", ""),
        ("[]", "'[]'", ""),
    ],
)
def test_an_unknown_kind_is_refused_with_the_nearest_that_is_known(
    kind: str, refused: str, hint: str, tmp_path: Path
) -> None:
    path = write(tmp_path, f"[controller]\nkind = {kind}\n")
    with pytest.raises(ConfigError) as caught:
        load_study(path)
    known = ", ".join(map(repr, CONTROLLERS))
    expected = f"controller.kind = {refused} is refused; allowed: one of {known}{hint}"
    assert str(caught.value) == f"{path}: {expected}"


def test_an_endless_kind_does_not_fill_the_screen() -> None:
    with pytest.raises(ConfigError) as caught:
        study_from_text(f'[controller]\nkind = "{"x" * 10_000}"')
    assert len(str(caught.value)) < 200


def test_a_controller_that_is_no_section_is_refused() -> None:
    with pytest.raises(ConfigError, match="controller = 3 is refused; allowed: a section"):
        study_from_text("controller = 3")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[opu]\nfidelity = "field"', r"\[opu\] is refused with .*'szo_scd'; it belongs to 'odfa'"),
        ("[opu.camera]\nbits = 4", r"\[opu\] is refused with .*'szo_scd'; it belongs to 'odfa'"),
        (
            "[evaluatoin]\nevery_queries = 3",
            r"evaluatoin = .* is not a known key; did you mean 'evaluation'\?",
        ),
        ('[controller]\nfeedback = "optical"', r"controller\.feedback = 'optical' is not a known key"),
        (
            '[controller]\nkind = "odfa"\n[chip]\nactivation_clip = 4.0',
            r"\[chip\] is refused with .*'odfa'; it belongs to 'szo_scd'",
        ),
        ('[controller]\nkind = "odfa"\nalpha = 0.15', r"controller\.alpha = 0\.15 is not a known key"),
        (
            '[controller]\nkind = "odfa"\n[opu.camera]\nexposure = "1 ms"',
            r"opu\.camera\.exposure = .* did you mean 'opu\.camera\.exposure_s'\?",
        ),
    ],
)
def test_what_belongs_to_another_kind_of_study_is_refused_with_the_nearest_key(
    text: str, reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason):
        study_from_text(text)


def test_a_section_is_asked_for_by_its_model_and_refused_where_the_controller_has_no_use_for_it() -> None:
    chip = study_from_text("chip.activation_clip = 2.0")
    assert chip.section(ChipConfig).activation_clip == 2.0
    assert chip.section(DeploymentConfig) == DeploymentConfig()
    with pytest.raises(ConfigError, match=r"kind = 'odfa' is refused here.* ChipConfig; allowed: 'szo_scd'"):
        study_from_text('[controller]\nkind = "odfa"').section(ChipConfig)


@pytest.mark.parametrize(
    ("text", "standing"),
    [
        ("", {"chip"}),
        ('[controller]\nkind = "odfa"', {"opu"}),
        ('[controller]\nkind = "odfa"\nfeedback = "exact"', set()),
    ],
)
def test_the_instruments_that_a_controller_uses_stand_on_the_bench(text: str, standing: set[str]) -> None:
    study = study_from_text(text)
    assert study.standing() == {name: getattr(study, name) for name in standing}


def test_the_network_may_be_chosen_by_name_and_is_refused_when_there_is_none_of_that_name() -> None:
    study = study_from_text('[controller]\nkind = "odfa"\n[task]\nname = "vowel"\nmodel = "mpl"')
    with pytest.raises(ConfigError, match=r"task\.model = 'mpl' is unknown.*did you mean 'mlp'"):
        prepare(study)


# ------------------------------------------------------------------------- what has moved elsewhere


def test_alpha_is_taken_from_where_it_was_when_a_trace_was_made() -> None:
    old = study_from_text('[controller]\nkind = "szo_scd"\nalpha = 0.5\nactive_share = "of_unitary"')
    assert (old.deployment.alpha, old.deployment.active_share) == (0.5, "of_unitary")
    assert study_from_text(to_toml(old)) == old


@pytest.mark.parametrize("key", ["alpha = 0.5", 'active_share = "of_all"'])
def test_a_studys_file_with_a_key_that_has_moved_is_told_where(key: str, tmp_path: Path) -> None:
    name = key.split(" ", maxsplit=1)[0]
    with pytest.raises(ConfigError, match=rf"controller\.{name} has moved: write deployment\.{name}"):
        load_study(write(tmp_path, f"[controller]\n{key}\n"))


def test_an_override_of_a_key_that_has_moved_is_told_where_with_a_study_and_with_a_trace(
    tmp_path: Path,
) -> None:
    moved = pytest.raises(ConfigError, match=r"controller\.alpha has moved: write deployment\.alpha")
    with moved:
        load_study(write(tmp_path, ""), ("controller.alpha=0.5",))
    with moved:
        study_from_text("[controller]\nalpha = 0.5", "run.h5", ("controller.alpha=0.5",))


# ------------------------------------------------------------------------------- further agents


def test_further_agents_are_read_written_and_told_apart() -> None:
    text = '[[agents]]\nkind = "disturb"\ntarget = "chip.dead"\nindex = 3\nvalue = 1.0\nat_s = "2 us"'
    study = study_from_text(text)
    assert [(each.target, each.index, each.at_s) for each in study.agents] == [("chip.dead", 3, 2e-6)]
    assert study_from_text(to_toml(study)) == study
    assert digest(study) != digest(study_from_text(""))


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ('kind = "destroy"\ntarget = "chip.dead"\nvalue = 1.0', r"agents\[0\]\.kind = 'destroy' is refused"),
        ('kind = "disturb"\ntarget = "chip.dead"', r"agents\[0\]\.value is missing"),
        ('kind = "disturb"\ntarget = "chip"\nvalue = 1.0', r"agents\[0\]\.target = 'chip' is refused"),
    ],
)
def test_an_agent_that_means_nothing_is_refused(entry: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        study_from_text(f"[[agents]]\n{entry}")


# -------------------------------------------------------------------------- a kind that is added


class Glow(StrictModel):
    """A new instrument's section."""

    power_w: Watts = 2.0
    """Power, in watts."""


class Guess(Options):
    """A new controller's section."""

    kind: Literal["guess"] = "guess"
    """Which controller this section configures."""
    patience: PositiveInt = 7
    """Guesses."""


LAMP = InstrumentKind(
    "lamp", Glow, {}, lambda *_: pytest.fail("not asked here"), lambda config: {}, Host.build, {}
)


@pytest.fixture
def _added(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register a dummy of each for the time of a test."""
    guess = Kind("guess", Guess, frozenset({"lamp"}), lambda *_: pytest.fail("not started here"))
    monkeypatch.setitem(INSTRUMENTS, "lamp", LAMP)
    monkeypatch.setitem(CONTROLLERS, "guess", guess)


@pytest.mark.usefixtures("_added")
def test_a_controller_and_an_instrument_that_are_registered_are_read_checked_written_and_digested() -> None:
    study = study_from_text('[controller]\nkind = "guess"\n[lamp]\npower_w = "30 mW"')
    assert isinstance(study, Study)
    assert (study.controller.patience, study.section(Glow).power_w) == (7, 0.03)
    assert "[lamp]\npower_w = 0.03" in to_toml(study)
    assert study_from_text(to_toml(study)) == study
    assert digest(study) != digest(study_from_text('[controller]\nkind = "guess"'))
    with pytest.raises(ConfigError, match=r"lamp\.powre_w = 1\.0 .* did you mean 'lamp\.power_w'"):
        study_from_text('[controller]\nkind = "guess"\n[lamp]\npowre_w = 1.0')
    with pytest.raises(ConfigError, match=r"\[lamp\] is refused with .*'szo_scd'; it belongs to 'guess'"):
        study_from_text("[lamp]\npower_w = 1.0")
    with pytest.raises(ConfigError, match=r"allowed: one of 'szo_scd', .*'odfa', .*'guess'"):
        study_from_text('[controller]\nkind = "gues"')


def test_powers_that_an_embedded_study_gives_as_totals_are_kept_as_totals_and_new_studies_must_say_them_anew() -> (
    None
):
    old = "[chip.inputs]\npower_w = 3.5\nwavelengths = 4\n[chip.laser]\npower_w = 0.2\n"
    chip = study_from_text(old).section(ChipConfig)
    assert (chip.inputs.shared_power_w, chip.inputs.power_w_per_channel, chip.inputs.energy_j_per_symbol) == (
        3.5,
        0,
        0,
    )
    assert chip.laser.power_w_per_wavelength == 0.05
    with pytest.raises(
        ConfigError, match=r"chip\.inputs\.power_w is refused: it has moved: write power_w_per_channel"
    ):
        study_from_overrides(["chip.inputs.power_w=3.5"])
    with pytest.raises(ConfigError, match=r"chip\.inputs\.power_w is refused: it has moved"):
        study_from_text(old, overrides=("chip.inputs.power_w=3.5",))


def test_a_study_reads_its_preset_file_once_and_the_layers_hold_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    chip = tmp_path / "sub" / "mine.toml"
    chip.write_text('preset = "doped_si"\n[link]\nlatency_s = 2e-6\n[dac]\nbits = 9\nupdate_s = 3e-6\n')
    path = tmp_path / "sub" / "study.toml"
    path.write_text('[chip]\npreset = "./mine.toml"\n[chip.dac]\nbits = 10\n')
    fit = tmp_path / "fit.toml"
    fit.write_text("[chip.dac]\nbits = 11\nupdate_s = 4e-6\n[chip.link]\nlatency_s = 5e-6\n")
    study = load_study(path, (*overlay([fit]), "chip.link.latency_s=6 us"))
    found = study.section(ChipConfig)
    assert (found.dac.bits, found.dac.update_s, found.link.latency_s) == (11, 4e-6, 6e-6)
    assert load_study(path).section(ChipConfig).dac.bits == 10
    monkeypatch.chdir(tmp_path)
    assert load_study(path, ("chip.preset=sub/mine.toml",)) == load_study(path)
    text = to_toml(study)
    chip.unlink()
    assert study_from_text(text) == study


def test_what_a_fragment_gives_wrong_is_blamed_on_its_file(tmp_path: Path) -> None:
    fit = tmp_path / "fit.toml"
    fit.write_text("[chip.lonk]\nlatency_s = 5e-6\n")
    with pytest.raises(ConfigError, match=r"fit\.toml: chip\.lonk = .*did you mean 'chip\.link'"):
        load_study(STUDIES / "vowel_recovery.toml", (*overlay([fit]), "seed=3"))
