"""Reading TOML: what is hostile is refused at once, by name; test_config.py tests writing, with models."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.config.toml import parse_toml, read_toml
from emulator.errors import ConfigError


def test_a_file_is_read_as_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "room.toml"
    file.write_text('name = "b"\r\n[lamp]\nduty = 0.25 # half\n', encoding="utf-8")
    assert read_toml(file) == read_toml(str(file)) == {"name": "b", "lamp": {"duty": 0.25}}


HOSTILE = {
    "too-large": b"# " + b"x" * 70 + b"\n" * 70_000,
    "long-dotted-key": b"a." * 32_000 + b"a = 1",
    "long-line": b"a = '" + b"x" * 1200 + b"'",
    "deep-array": b"a = " + b"[" * 900,
    "deep-array-over-lines": b"a = " + b"[\n" * 5000,
    "deep-inline-table": b"a = " + b"{a=" * 300 + b"1" + b"}" * 300,
    "deep-sections": b"[" + b"a." * 300 + b"a]",
    "many-dotted-keys": b"\n".join(b"k%d." % i + b"a." * 490 + b"a = 1" for i in range(60)),
    "many-long-words": b"\n".join(b"a" * 990 for _ in range(64)),
    "not-utf8": b"a = '\xff\xfe'",
    "nul": b"a = '\x00'",
    "binary": bytes(range(256)),
    "utf-16": "a = 1".encode("utf-16"),
    "a-trace": b"\x89HDF\r\n\x1a\n" + b"x" * 70_000,
    "a-journal": b"LLJ1" + b"x" * 20,
    "twice": b"a = 1\na = 2",
    "half": b"[lamp",
    "huge-integer": b"a = " + b"9" * 900 + b"x",
    "bare-cr": b"a = 1\rb = 2",
}


@pytest.mark.timeout(10)  # unguarded, the long dotted key takes the parser 28 s
@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_is_refused_at_once_by_name(raw: bytes, tmp_path: Path) -> None:
    file = tmp_path / "hostile.toml"
    file.write_bytes(raw)
    with pytest.raises(ConfigError) as caught:
        read_toml(file)
    assert str(caught.value).startswith(str(file))


def test_a_byte_order_mark_is_not_part_of_the_first_key(tmp_path: Path) -> None:
    file = tmp_path / "notepad.toml"
    file.write_bytes(b"\xef\xbb\xbfa = 1\r\n")
    assert read_toml(file) == {"a": 1}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (HOSTILE["utf-16"], "this is UTF-16 text; save the file as UTF-8"),
        (HOSTILE["a-trace"], "this is a trace, not a study: `lightloop config .*hostile.toml`"),
        (HOSTILE["a-journal"], "this is the journal of a run, not a study"),
        (b"a = 1\nb = '\xff'", "line 2 is not UTF-8 text"),
    ],
)
def test_what_is_another_kind_of_file_is_called_by_its_name(raw: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "hostile.toml"
    file.write_bytes(raw)
    with pytest.raises(ConfigError, match=said):
        read_toml(file)


def test_a_path_that_is_no_readable_file_is_refused_by_name(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", Path("/dev/zero")):
        with pytest.raises(ConfigError, match="no such file"):
            read_toml(path)
    with pytest.raises(ConfigError, match="no such file"):
        read_toml(Path("a\0b"))


def test_a_folder_and_a_slip_of_the_pen_are_told_what_lies_there(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text("a = 1", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"this is a folder; wanted: a TOML file, such as .*study\.toml"):
        read_toml(tmp_path)
    with pytest.raises(ConfigError, match=r"there is no such file; did you mean 'study\.toml'\?"):
        read_toml(tmp_path / "studi.toml")
    with pytest.raises(ConfigError, match="there is no such file, and no folder"):
        read_toml(tmp_path / "there" / "study.toml")


def test_sixteen_levels_are_allowed_and_seventeen_are_not() -> None:
    assert parse_toml(".".join("a" * 15) + " = 1", "x")
    with pytest.raises(ConfigError, match="line 1 has a key of more parts than allowed: 16"):
        parse_toml(".".join("a" * 17) + " = 1", "x")
    with pytest.raises(ConfigError, match="nested too deeply; allowed: 16 levels"):
        parse_toml("[" + ".".join("a" * 10) + "]\n" + ".".join("b" * 10) + " = 1", "x")


@given(st.text(max_size=200) | st.text(alphabet="[]{}=.,'\"ab1\n# ", max_size=80))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with suppress(ConfigError):
        parse_toml(text, "x")


def test_decimal_fractions_and_sentences_are_no_long_keys() -> None:
    assert parse_toml("a = [" + "0.5, " * 100 + "]\nb = '" + "." * 40 + "' # e.g. v. 1.2.3 ...", "x")
