"""Files that a TOML names are sought beside it or at home; a file of --with is blamed for what it gets wrong."""

from pathlib import Path

import pytest

from emulator.errors import ConfigError
from emulator.instruments.chip.config import ChipConfig
from experiments.command import changes_of
from experiments.run.study import load_study
from tests.experiments.conftest import STUDIES


def test_every_file_that_a_toml_names_is_seen_from_it_and_may_be_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "mine.toml").write_text('preset = "doped_si"\n[dac]\nbits = 9\n')
    (home / "mine.csv").write_text("a,label\n" + "".join(f"{n},{n % 2}\n" for n in range(40)))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(tmp_path)
    named = '[task]\nfile = "{0}mine.csv"\ntarget = "label"\n[chip]\npreset = "{0}mine.toml"\n'
    (home / "near.toml").write_text(named.format(""))
    Path("far.toml").write_text(named.format("~/"))
    typed = ("task.file=~/mine.csv", "task.target=label", "chip.preset=~/mine.toml")
    studies = [
        load_study(home / "near.toml"),
        load_study("far.toml"),
        load_study(STUDIES / "vowel_recovery.toml", changes_of([Path("~/near.toml")], None)),
        load_study(STUDIES / "vowel_recovery.toml", changes_of([Path("far.toml")], ["seed=3"])),
        load_study(STUDIES / "vowel_recovery.toml", changes_of(None, typed)),
    ]
    for study in studies:
        assert study.task.file == str(home / "mine.csv")
        assert study.section(ChipConfig).dac.bits in (9, 16)  # the shipped study says 16 itself
        assert study.section(ChipConfig).preset.startswith("mine.toml#")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[task]\nhiden = [3]\n", "task.hiden"),
        ("seed = -3\n", "seed"),
        ('[opu]\npreset = "opu_gen3"\n', "section [opu]"),
        ('[chip]\npreset = "dopd"\n', "chip.preset"),
        ('[controller]\nkind = "foo"\n', "controller.kind"),
        ("[controller]\nalpha = 0.3\n", "controller.alpha"),
        ('[task]\ntarget = "x"\n', "task.target"),
        ('[budget]\nqueries = "many"\n', "budget.queries"),
        ('[[agents]]\nkind = "disturb"\ntarget = "chip.dead"\nvaluee = 3\n', "agents[0].value"),
        ("x = [\n", "TOML"),
    ],
)
def test_what_a_file_of_with_gets_wrong_is_refused_in_its_name(text: str, key: str, tmp_path: Path) -> None:
    path = tmp_path / "laid.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as refused:
        load_study(STUDIES / "vowel_recovery.toml", changes_of([path], ["title=x"]))
    said = str(refused.value)
    assert said.startswith(f"{path}: ")
    assert key in said
    assert "--set" not in said
