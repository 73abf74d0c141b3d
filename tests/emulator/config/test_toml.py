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
    "byte-order-mark": b"\xef\xbb\xbfa = 1",
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


def test_a_path_that_is_no_readable_file_is_refused_by_name(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.toml", Path("/dev/zero"), Path("a\0b")):
        with pytest.raises(ConfigError, match="no such file"):
            read_toml(path)


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
