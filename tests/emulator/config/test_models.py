"""The strict configuration machinery, on small models of its own; the hardware fields have their own test."""

import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, model_validator

from emulator.config.models import (
    Bits,
    Decibels,
    Fraction,
    Hertz,
    Name,
    PositiveInt,
    Radians,
    Seconds,
    StrictModel,
    Tree,
    build,
    digest,
    merge,
    parse_toml,
    paths,
    refusal,
    to_toml,
    with_overrides,
)
from emulator.errors import ConfigError


class Lamp(StrictModel):
    kind: Literal["lamp"] = "lamp"
    period_s: Annotated[Seconds, Field(gt=0)] = 1e-3
    duty: Fraction = 0.5
    loss_db: Annotated[Decibels, Field(ge=0)] = 0.0
    phase_rad: Radians = 0.0
    bits: Bits = 8
    lit: bool = True
    sizes: tuple[PositiveInt, ...] = (1, 2)
    limit_hz: Annotated[Hertz, Field(gt=0)] | None = None


class Fan(StrictModel):
    kind: Literal["fan"] = "fan"
    speed_hz: Annotated[Hertz, Field(gt=0)] = 50.0


class Room(StrictModel):
    name: Name = "room"
    note: str = ""
    lamp: Lamp = Lamp()
    tool: Annotated[Lamp | Fan, Field(discriminator="kind")] = Fan()
    spares: tuple[Fan, ...] = ()


def refused(*overrides: str, tree: Tree | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        build(Room, with_overrides(tree or {}, overrides), "room.toml")
    message = str(caught.value)
    assert message.startswith("room.toml: ")
    assert "\n" not in message
    assert caught.value.args == (message,)
    return message


# --- building


def test_an_empty_tree_gives_the_defaults() -> None:
    assert build(Room, {}, "x") == Room()


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("lamp.period_s", "10 us", 1e-5),
        ("lamp.period_s", "1e-5 s", 1e-5),
        ("lamp.period_s", "10us", 1e-5),
        ("lamp.limit_hz", "2.5 kHz", 2500.0),
        ("lamp.loss_db", "0.25 dB", 0.25),
        ("lamp.phase_rad", "20 mrad", 0.02),
        ("lamp.phase_rad", "-0.5 rad", -0.5),
    ],
)
def test_a_quantity_written_as_text_equals_its_si_float_exactly(key: str, text: str, value: float) -> None:
    section, _, name = key.partition(".")
    room = build(Room, {section: {name: text}}, "x")
    assert getattr(room.lamp, name) == value


def test_a_whole_number_serves_as_a_float_and_lists_serve_as_tuples() -> None:
    room = build(Room, {"lamp": {"period_s": 2, "sizes": [3, 4]}, "spares": [{"speed_hz": 7}]}, "x")
    assert isinstance(room.lamp.period_s, float)
    assert room.lamp.sizes == (3, 4)
    assert room.spares == (Fan(speed_hz=7.0),)


def test_models_are_frozen_and_hashable() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Room().lamp.duty = 0.1  # type: ignore[misc]
    assert hash(Room()) == hash(Room())


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("lamp.period_s=-1", ["lamp.period_s = -1", "> 0", "'10 us'"]),
        ("lamp.period_s=true", ["lamp.period_s = true", "a number in s"]),
        ("lamp.period_s=nan", ["lamp.period_s = nan"]),
        ("lamp.period_s=1e400", ["lamp.period_s = inf"]),
        ("lamp.period_s=nan s", ["lamp.period_s", "> 0"]),
        ("lamp.period_s=1e999999 s", ["lamp.period_s", "> 0"]),
        ("lamp.period_s=10 um", ["lamp.period_s", "'10 um' is not a quantity in s", "> 0"]),
        ("lamp.period_s='10'", ["lamp.period_s", "carries no unit", "1 s"]),
        ("lamp.period_s=10 (", ["lamp.period_s", "'10 ('"]),
        ("lamp.period_s=ten us", ["lamp.period_s", "'ten us'"]),
        ("lamp.period_s=" + "9**" * 30 + "9 s", ["lamp.period_s", "longer than 64"]),
        ("lamp.period_s=[1]", ["lamp.period_s", "a number in s"]),
        ("lamp.loss_db=3 V", ["lamp.loss_db", "dB"]),
        ("lamp.loss_db=x dB", ["lamp.loss_db", "dB"]),
        ("lamp.bits=8.0", ["lamp.bits = 8.0", "a whole number, >= 0, <= 16"]),
        ("lamp.bits=17", ["lamp.bits = 17", "<= 16"]),
        ("lamp.bits=true", ["lamp.bits = true"]),
        ("lamp.lit=1", ["lamp.lit = 1", "true or false"]),
        ("lamp.duty=0.5 s", ["lamp.duty", ">= 0, <= 1"]),
        ("lamp.sizes=[1, 0]", ["lamp.sizes[1] = 0", "a list", ">= 1"]),
        ("lamp.sizes=[true]", ["lamp.sizes[0] = true"]),
        ("lamp.limit_hz=0", ["lamp.limit_hz = 0", "> 0"]),
        ("lamp=3", ["lamp = 3", "a section with the keys kind, period_s"]),
        ("name=../up", ["name = '../up'", "matching"]),
        ("name=a\N{COMBINING ACUTE ACCENT}", ["name"]),
        ("note=" + "x" * 900, ["note", "..."]),
        ("tool.kind=fam", ["tool.kind = 'fam'", "'fan'", "did you mean 'fan'?"]),
        ("tool.speed_hz=3", ["tool.kind is missing", "'lamp'", "'fan'"]),
    ],
)
def test_a_refusal_says_key_value_and_what_is_allowed_on_one_line(override: str, parts: list[str]) -> None:
    message = refused(override)
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("override", "hint"),
    [
        ("lamp.period=1", "'lamp.period_s'"),
        ("lamb.period_s=1", "'lamp'"),
        ("period_s=1", "'lamp.period_s'"),
        ("bits=1", "'lamp.bits'"),
        ("lamp.speed_hz=1", "'tool.speed_hz'"),
    ],
)
def test_an_unknown_key_is_answered_with_the_nearest_key_of_the_whole_tree(override: str, hint: str) -> None:
    message = refused(override)
    assert "not a known key" in message
    assert message.endswith(f"did you mean {hint}?")


def test_a_key_that_resembles_nothing_gets_no_hint() -> None:
    assert "did you mean" not in refused("qqq=1")


def test_the_hint_in_a_union_comes_from_the_member_that_was_chosen() -> None:
    tree: Tree = {"tool": {"kind": "fan", "speed": 3}}
    assert "'tool.speed_hz'" in refused(tree=tree)
    tree = {"tool": {"kind": "lamp", "speed_hz": 3}}
    assert "did you mean 'tool.speed_hz'" not in refused(tree=tree)


def test_the_first_problem_is_told_in_full_and_the_others_are_named() -> None:
    message = refused("lamp.duty=2", "lamp.bits=99", "name=NO")
    assert message.startswith("room.toml: name = 'NO' is refused")
    assert message.endswith("(and 2 more: lamp.duty, lamp.bits)")


def test_a_hostile_key_stays_on_the_line() -> None:
    assert '"a\\nb"' in refused(tree={"a\nb": 1})
    assert len(refused(tree={"a" * 900: 1, "b" * 900: 2})) < 500


def test_a_missing_key_is_named_with_what_is_allowed() -> None:
    class Strict(StrictModel):
        size: PositiveInt

    with pytest.raises(ConfigError, match=r"x: size is missing; allowed: a whole number, >= 1"):
        build(Strict, {}, "x")


def test_a_validator_of_a_model_names_the_key_it_refuses() -> None:
    class Pair(StrictModel):
        low: int = 0
        high: int = 1

        @model_validator(mode="after")
        def _ordered(self) -> "Pair":
            if self.low >= self.high:
                raise refusal("low", "it must lie below high; allowed: < 1")
            return self

    class Outer(StrictModel):
        pair: Pair = Pair()

    with pytest.raises(ConfigError, match=r"^x: pair\.low is refused: it must lie below high; allowed: < 1$"):
        build(Outer, {"pair": {"low": 3}}, "x")


def test_paths_lists_every_leaf_once_per_union_member() -> None:
    known = dict(paths(Room))
    assert known["lamp.period_s"] == "a number in s or a text such as '10 us', > 0"
    assert known["lamp.sizes"] == "a list, each item a whole number, >= 1"
    assert {"tool.speed_hz", "tool.period_s", "name", "spares"} <= set(known)
    assert {"lamp", "tool"}.isdisjoint(known)


@given(st.text(max_size=70) | st.text(alphabet="0123456789.eE+-*/^() umskgnabdB", max_size=70))
def test_any_text_is_a_quantity_or_refused(text: str) -> None:
    with suppress(ConfigError):
        build(Lamp, {"period_s": text, "loss_db": text}, "x")


def test_a_name_that_ends_in_a_newline_is_refused() -> None:
    assert "name" in refused(tree={"name": "a\n"})


# --- merging and overriding

flats = st.dictionaries(
    st.sampled_from(["a", "b.a", "b.b", "c.a.a", "c.a.b", "c.b.a"]),
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
)


def deep(flat: Tree) -> Tree:
    """Return the tree that has the dotted keys of ``flat``; no key of ``flats`` is both section and value."""
    tree: Tree = {}
    for key, value in flat.items():
        *sections, last = key.split(".")
        node: Any = tree
        for section in sections:
            node = node.setdefault(section, {})
        node[last] = value
    return tree


@given(flats, flats, flats)
def test_merging_takes_every_dotted_key_from_the_last_tree_that_has_it(a: Tree, b: Tree, c: Tree) -> None:
    first, second = deep(a), deep(b)
    assert merge(merge(first, second), deep(c)) == deep(a | b | c) == merge(first, merge(second, deep(c)))
    assert (first, second) == (deep(a), deep(b))


def test_merging_replaces_a_section_by_a_value_and_a_value_by_a_section() -> None:
    assert merge({"a": {"b": 1}}, {"a": 2}) == {"a": 2}
    assert merge({"a": 2}, {"a": {"b": 1}}) == {"a": {"b": 1}}


def test_overrides_win_over_the_tree_and_the_last_one_wins() -> None:
    tree: Tree = {"lamp": {"duty": 0.1, "bits": 4}}
    result = with_overrides(tree, ["lamp.duty=0.2", "lamp.duty=0.3", "name=b"])
    assert result == {"lamp": {"duty": 0.3, "bits": 4}, "name": "b"}
    assert tree == {"lamp": {"duty": 0.1, "bits": 4}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("2e-3", 2e-3),
        ("true", True),
        ("True", "True"),
        ('"3"', "3"),
        ("'2 us'", "2 us"),
        ("2 us", "2 us"),
        ("[1, 2]", [1, 2]),
        ("{ x = 1 }", {"x": 1}),
        ("a=b", "a=b"),
        ("5]", "5]"),
        ("[" * 900, "[" * 900),
    ],
)
def test_an_override_is_read_as_toml_and_otherwise_as_text(text: str, value: object) -> None:
    assert with_overrides({}, [f"key={text}"]) == {"key": value}


@pytest.mark.parametrize(
    "override",
    ["", "=", "key", "key=", "=3", "a..b=1", ".a=1", "a.=1", "a b=1", "a=1\nb=2", "é=1"],
)
def test_a_malformed_override_is_refused(override: str) -> None:
    with pytest.raises(ConfigError, match="--set"):
        with_overrides({}, [override])


@pytest.mark.parametrize("override", ["k=" + "x" * 2000, ".".join("a" * 17) + "=1", "a" * 65 + "=1"])
def test_an_oversized_override_is_refused_in_a_short_message(override: str) -> None:
    with pytest.raises(ConfigError, match="--set") as caught:
        with_overrides({}, [override])
    assert len(str(caught.value)) < 200


def test_an_override_cannot_pass_through_a_value() -> None:
    with pytest.raises(ConfigError, match=r"--set name\.x is refused: name = 'b' is a value, not a section"):
        with_overrides({"name": "b"}, ["name.x=1"])


# --- TOML out

floats = st.floats(min_value=1e-300, max_value=1e300)
lamps = st.builds(
    Lamp,
    period_s=floats,
    duty=st.floats(min_value=0, max_value=1),
    phase_rad=st.floats(allow_nan=False, allow_infinity=False),
    bits=st.integers(0, 16),
    lit=st.booleans(),
    sizes=st.lists(st.integers(min_value=1), max_size=40).map(tuple),
    limit_hz=st.none() | floats,
)
rooms = st.builds(
    Room,
    name=st.from_regex(r"[a-z0-9_-]{1,64}", fullmatch=True),
    note=st.text(st.characters(exclude_categories=["Cs"]), max_size=80),
    lamp=lamps,
    tool=lamps | st.builds(Fan, speed_hz=floats),
    spares=st.lists(st.builds(Fan, speed_hz=floats), max_size=5).map(tuple),
)


@given(rooms)
def test_writing_and_reading_gives_the_same_model_and_digest(room: Room) -> None:
    again = build(Room, parse_toml(to_toml(room), "x"), "x")
    assert again == room
    assert to_toml(again) == to_toml(room)
    assert digest(again) == digest(room)


@given(rooms, rooms)
def test_digests_differ_exactly_where_models_do(a: Room, b: Room) -> None:
    assert (digest(a) == digest(b)) == (a == b)


def test_equal_models_have_one_digest_whatever_the_sign_of_zero() -> None:
    assert digest(Lamp(phase_rad=-0.0)) == digest(Lamp(phase_rad=0.0))
    assert re.fullmatch("[0-9a-f]{32}", digest(Lamp()))


def test_sections_come_after_the_keys_and_none_is_left_out() -> None:
    text = to_toml(Room(spares=(Fan(),)))
    assert text.startswith('name = "room"\nnote = ""\nspares = [{kind = "fan", speed_hz = 50.0}]\n\n[lamp]\n')
    assert "limit_hz" not in text
    assert text.endswith("speed_hz = 50.0\n")


def test_a_value_without_a_place_in_toml_is_refused() -> None:
    class Odd(StrictModel):
        raw: bytes = b""

    with pytest.raises(ConfigError, match="bytes has no place"):
        to_toml(Odd())


def test_plain_numbers_need_no_unit_parser() -> None:
    code = (
        "import sys; from emulator.config.models import build; "
        "from emulator.instruments.chip.config import ChipConfig; "
        "build(ChipConfig, {'preset': 'paper'}, 'x'); sys.exit('pint' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
