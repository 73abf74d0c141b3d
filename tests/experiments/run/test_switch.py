"""Tests of choosing another controller for a study: what holds for it, what is left out, what is refused."""

from pathlib import Path
from typing import Literal

import pytest

from controllers.kind import DEPLOYMENT, Kind, Options, TuningOptions
from controllers.registry import CONTROLLERS
from controllers.zeroth_order.szo_scd import SzoScdConfig
from emulator.config.files import overlay
from emulator.errors import ConfigError
from emulator.instruments.chip.config import ChipConfig
from experiments.run.launch import open_study
from experiments.run.study import load_study, study_from_text
from experiments.run.switch import shared_keys

CHIP_KINDS = [kind.name for kind in CONTROLLERS.values() if DEPLOYMENT in kind.needs]


class Stroll(TuningOptions):
    """A controller that shares the budget with all others, has a default of its own, and a word that misleads."""

    kind: Literal["stroll"] = "stroll"
    """Which controller this section configures."""
    batch_size: int = 8
    """Samples in a mini-batch."""
    step_rad: float = 1.5
    """How far a stroll goes."""


@pytest.fixture(autouse=True)
def _stroll(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = Kind("stroll", Stroll, frozenset({"chip", DEPLOYMENT}), lambda *_: pytest.fail("not started here"))
    monkeypatch.setitem(CONTROLLERS, "stroll", kind)


def write(folder: Path, text: str) -> Path:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("study", ["vowel_recovery", "mnist_recovery"])
@pytest.mark.parametrize("kind", CHIP_KINDS)
def test_every_kind_for_a_chip_takes_the_place_of_a_recoverys_own_by_kind_and_queries_alone(
    kind: str, study: str
) -> None:
    found = open_study(study, (f"controller.kind={kind}", "controller.queries=2000"))
    assert (found.controller.kind, found.controller.queries) == (kind, 2000)
    chip, own = found.section(ChipConfig), open_study(study).section(ChipConfig)
    fits = CONTROLLERS[kind].fits  # what a kind brings along, as the adjoint method its monitors
    assert chip.model_copy(update={"monitors": own.monitors}) == own
    assert (chip.monitors == own.monitors) == (not fits)


def test_of_the_studys_own_settings_those_stay_that_both_kinds_inherit_from_one_model(tmp_path: Path) -> None:
    path = write(tmp_path, "[controller]\nqueries = 77\nbatch_size = 16\nsparsity = 0.5\nstep_rad = 0.02\n")
    found = load_study(path, ("controller.kind=stroll",)).controller
    assert found == Stroll(queries=77, batch_size=16)
    assert found.step_rad == 1.5


def test_a_setting_that_the_study_does_not_give_has_the_new_kinds_default(tmp_path: Path) -> None:
    found = load_study(
        write(tmp_path, "[controller]\nqueries = 77\n"), ("controller.kind=stroll",)
    ).controller
    assert found == Stroll(queries=77, batch_size=8)


@pytest.mark.parametrize("override", ["controller.sparsity=0.5", "controller.pruning=text"])
def test_what_the_user_sets_and_the_kind_does_not_know_is_refused_and_never_left_out(
    override: str, tmp_path: Path
) -> None:
    path = write(tmp_path, "[controller]\nsparsity = 0.3\n")
    for order in ((override, "controller.kind=stroll"), ("controller.kind=stroll", override)):
        with pytest.raises(
            ConfigError, match=rf"--set: {override.partition('=')[0]} = .* is not a known key"
        ):
            load_study(path, order)


def test_what_the_user_sets_holds_over_what_the_study_would_have_passed_on(tmp_path: Path) -> None:
    path = write(tmp_path, "[controller]\nqueries = 77\nstep_rad = 0.02\n")
    found = load_study(path, ("controller.step_rad=0.3", "controller.kind=stroll", "controller.queries=5"))
    assert found.controller == Stroll(queries=5, step_rad=0.3)


def test_a_fragment_may_choose_the_kind_as_well(tmp_path: Path) -> None:
    fragment = tmp_path / "other.toml"
    fragment.write_text('[controller]\nkind = "stroll"\nstep_rad = 0.7\n')
    path = write(tmp_path, "[controller]\nsparsity = 0.3\nqueries = 77\n")
    assert load_study(path, overlay([fragment])).controller == Stroll(queries=77, step_rad=0.7)


def test_a_key_that_no_kind_of_the_studys_own_has_is_refused_as_ever(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"controller\.sparsty = 0\.3 is not a known key"):
        load_study(write(tmp_path, "[controller]\nsparsty = 0.3\n"), ("controller.kind=stroll",))


def test_naming_the_studys_own_kind_changes_nothing() -> None:
    assert open_study("vowel_recovery", ("controller.kind=szo_scd",)) == open_study("vowel_recovery")


def test_the_title_tells_that_the_controller_is_another() -> None:
    found = open_study("vowel_recovery", ("controller.kind=stroll",))
    assert found.title == "vowel_recovery with controller.kind=stroll"
    both = open_study("vowel_recovery", ("controller.kind=stroll", "task.seed=3", "task.name=mnist8x8"))
    assert both.title == "vowel_recovery with task.name=mnist8x8, controller.kind=stroll"
    own = open_study("vowel_recovery", ("controller.kind=stroll", "title=A stroll"))
    assert own.title == "A stroll"


def test_the_study_in_a_trace_passes_on_what_both_kinds_share() -> None:
    text = '[controller]\nkind = "szo_scd"\nqueries = 77\nstep_rad = 0.5\n'
    assert study_from_text(text, overrides=("controller.kind=stroll",)).controller == Stroll(queries=77)


def test_kinds_share_what_they_inherit_and_not_what_they_happen_to_call_alike() -> None:
    class Apart(Options):
        queries: int = 3

    assert shared_keys(SzoScdConfig, Stroll) == {"queries", "batch_size"}
    assert shared_keys(SzoScdConfig, Apart) == frozenset()
    assert shared_keys(SzoScdConfig, SzoScdConfig) == SzoScdConfig.model_fields.keys() - {"kind"}
