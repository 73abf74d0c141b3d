"""Tests of configuration in files of one's own: presets and fragments, what they give and what is refused."""

import copy
from importlib.resources import files
from pathlib import Path

import pytest

import emulator
from emulator.config.files import Given, anchored, names_file, overlay, preset_file, with_preset_files
from emulator.config.models import PresetModel, build, preset, with_overrides
from emulator.errors import ConfigError
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.host.config import HostConfig
from emulator.instruments.opu.config import OpuConfig

MINE = 'preset = "undercut"  # ours is like it\n[heaters]\ntau_s = "2.4 us"  # measured\n'
MODELS: dict[str, type[PresetModel]] = {"chip": ChipConfig, "host": HostConfig, "opu": OpuConfig}


def written(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_preset_file_begins_with_a_shipped_one_and_gives_what_differs(tmp_path: Path) -> None:
    found = build(ChipConfig, preset_file(ChipConfig, written(tmp_path, MINE)), "test")
    expected = build(ChipConfig, {"preset": "undercut", "heaters": {"tau_s": 2.4e-6}}, "test")
    assert found.model_dump(exclude={"preset"}) == expected.model_dump(exclude={"preset"})
    assert found.preset is not None
    assert found.preset.startswith("mine.toml#")


@pytest.mark.parametrize(("kind", "name"), [("chip", "doped_si"), ("host", "gpu_p100"), ("opu", "opu_gen3")])
def test_a_shipped_presets_text_is_a_file_that_is_whole(kind: str, name: str, tmp_path: Path) -> None:
    text = (files(emulator) / "presets" / kind / f"{name}.toml").read_text(encoding="utf-8")
    found = preset_file(MODELS[kind], written(tmp_path, text))
    assert {**found, "preset": name} == {**preset(kind, name), "preset": name}
    assert with_preset_files({kind: {"preset": name}}, MODELS) == {kind: {"preset": name}}


def test_a_section_that_was_read_is_built_without_the_file_and_another_text_has_another_digest(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, MINE)
    tree = with_preset_files({"chip": {"preset": str(path), "dac": {"bits": 9}}}, MODELS)
    first = build(ChipConfig, tree["chip"], "test")  # type: ignore[arg-type]
    path.write_text(MINE.replace("2.4", "2.5"))
    other = build(ChipConfig, with_preset_files({"chip": {"preset": str(path)}}, MODELS)["chip"], "test")  # type: ignore[arg-type]
    path.unlink()
    assert (first.dac.bits, first.heaters.tau_s, other.heaters.tau_s) == (9, 2.4e-6, 2.5e-6)
    assert first.preset != other.preset
    assert with_preset_files({"chip": {"preset": first.preset}}, MODELS) == {"chip": {"preset": first.preset}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            'preset = "doped_si"\n[heaters]\ntua_s = 1\n',
            r"mine\.toml: heaters\.tua_s = 1 .*did you mean 'heaters\.tau_s'",
        ),
        ("[heaters]\ntau_s = 1e-6\n", r"mine\.toml: heaters\.p_pi_w is missing \(and \d+ more: .*\.\.\.\)"),
        ('preset = "doped"\n', r"mine\.toml: 'doped' is no chip preset.*did you mean 'doped_si'"),
        ('preset = "./other.toml"\n', r"mine\.toml: preset = '\./other\.toml' is refused"),
        ("preset = 3\n", r"mine\.toml: preset = 3 is refused"),
        ('preset = "doped_si"\n[dac]\npower_w = 1\n', r"mine\.toml: dac\.power_w is refused: it has moved"),
        ("[chip.heaters]\ntau_s = 1\n", r"mine\.toml: \[chip\] is no section of a chip preset"),
        ("tau_s = = 1\n", r"mine\.toml: not valid TOML"),
        ("#" * 70_000, r"mine\.toml: the file is larger than 65536 bytes"),
    ],
)
def test_what_is_wrong_with_a_preset_file_is_said_with_its_name(
    text: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=words):
        preset_file(ChipConfig, written(tmp_path, text))


def test_a_folder_a_broken_link_and_nothing_are_no_preset_files_and_a_link_to_one_is(tmp_path: Path) -> None:
    (tmp_path / "link.toml").symlink_to("nowhere.toml")
    for name, words in (("", "folder"), ("link.toml", "link to nowhere"), ("none.toml", "no such file")):
        with pytest.raises(ConfigError, match=words):
            preset_file(ChipConfig, tmp_path / name)
    written(tmp_path, MINE)
    (tmp_path / "good.toml").symlink_to("mine.toml")
    assert str(preset_file(ChipConfig, tmp_path / "good.toml")["preset"]).startswith("good.toml#")


@pytest.mark.parametrize(
    ("name", "is_file"),
    [("doped_si", False), ("./a", True), ("a.toml", True), ("b/a.toml", True), ("a.toml#" + 32 * "0", False)],
)
def test_a_path_is_told_from_a_name_and_from_a_file_that_was_read(name: str, is_file: bool) -> None:
    assert names_file(name) is is_file


def test_files_are_seen_from_the_folder_of_who_names_them(tmp_path: Path) -> None:
    tree = {"chip": {"preset": "./a.toml"}, "host": {"preset": "ideal"}, "seed": 3}
    assert anchored(tree, tmp_path) == {**tree, "chip": {"preset": str(tmp_path / "a.toml")}}
    fragment = written(tmp_path, '[chip]\npreset = "a.toml"\n', "fragment.toml")
    (given,) = overlay([fragment])
    assert given.value == str(tmp_path / "a.toml")


def test_fragments_are_overrides_in_their_order_with_values_of_any_kind(tmp_path: Path) -> None:
    one = written(tmp_path, "[chip.heaters]\ndead = [1, 2]\ntau_s = 1e-6\n", "one.toml")
    two = written(tmp_path, 'title = "a = b"\n[chip]\nheaters.tau_s = 2e-6\n', "two.toml")
    tree = with_overrides({"seed": 1}, (*overlay([one, two]), "chip.heaters.omega=0"))
    heaters = {"dead": [1, 2], "tau_s": 2e-6, "omega": 0}
    assert tree == {"seed": 1, "title": "a = b", "chip": {"heaters": heaters}}


def test_a_fragments_value_is_whole_in_a_copy_such_as_another_process_gets() -> None:
    given = copy.deepcopy(Given.of("chip.noise", [{"kind": "dark_current"}], "a.toml"))
    assert (given, given.value, given.origin) == (
        "chip.noise=[{'kind': 'dark_current'}]",
        [{"kind": "dark_current"}],
        "a.toml",
    )


def test_a_fragment_with_an_impossible_key_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"odd\.toml: chip\.'a b' is not a known key|odd\.toml: 'a b' is not"
    ):
        overlay([written(tmp_path, '"a b" = 1\n', "odd.toml")])
