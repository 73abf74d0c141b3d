"""A dialect: the words in which one kind of instrument is spoken to, read from TOML; it holds no code."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from emulator import remote
from emulator.config.models import StrictModel, build, read_toml
from emulator.errors import ConfigError, nearest
from emulator.remote.client.answers import Asked, asked_of
from emulator.remote.client.law import HeaterLaw
from emulator.remote.client.phrases import DRIVEN, PHRASES, READ
from emulator.remote.client.templates import Sort, Template
from emulator.remote.scpi.blocks import Format

__all__ = ["DEFAULT", "Dialect", "Phrased", "load_dialect", "shipped_dialects"]

DEFAULT: Final = "lightloop"
"""The dialect of our own server."""

Text = Annotated[str, Field(min_length=1, max_length=400)]
Answers = tuple[Annotated[str, Field(min_length=1, max_length=60)], ...]

Each = Literal["heater", "output"]

_NAMES: Final = {command.__name__: command for command in PHRASES}
_OF_HEATER: Final[Mapping[str, Sort]] = {"channel": "whole", "phase": "number", "volts": "number"}
_OF_OUTPUT: Final[Mapping[str, Sort]] = {"output": "whole"}
_OF_CHANNEL: Final[Mapping[str, Sort]] = {"channel": "whole"}
_VOLTS: Final[Mapping[str, Sort]] = {"volts": "numbers"}


class PhraseConfig(StrictModel):
    """Put a command, or a look-up, into words."""

    say: Text
    """What is said, with places for values, ``{radians:block}``; optional parts in brackets."""
    gives: Answers = ()
    """What comes back, "name:parser", in this order."""
    each: Each | None = None
    """What it is said for, once each, on a line of its own; the answers of a name, in this order, are its list."""


class ErrorsConfig(StrictModel):
    """Say how an instrument is asked what it has refused."""

    say: Text = "SYST:ERR?"
    """Query of the oldest error."""
    none: Text = "0,*"
    """Pattern of the answer that means none."""
    with_the_line: bool = True
    """Whether it is sent along with every line; else only after a line without an answer, or none in time."""


class WireConfig(StrictModel):
    """Say how long an instrument may take, and how much it may say; all numbers are assumed."""

    connect_s: Annotated[float, Field(gt=0, le=600)] = 5.0
    """Time to connect, and to answer ``*IDN?``."""
    answer_s: Annotated[float, Field(gt=0, le=86400)] = 60.0
    """Time to answer any other line."""
    line_bytes: Annotated[int, Field(ge=64, le=2**30)] = 64 * 1024 * 1024
    """Longest answer, its blocks apart."""
    block_bytes: Annotated[int, Field(ge=64, le=2**30)] = 256 * 1024 * 1024
    """Longest block of an answer."""
    settle_s: Annotated[float, Field(ge=0, le=86400)] = 0.0
    """Time that heat takes to settle, where there are no words for ``Settle``."""


class BlockConfig(StrictModel):
    """Say how reals in blocks are written, both ways."""

    bits: Literal[32, 64] = 64
    """Bits of a real."""
    order: Literal["normal", "swapped"] = "normal"
    """Greatest byte first, or least."""


class DialectConfig(StrictModel):
    """Say how an instrument is spoken to."""

    title: Text
    """What it is the dialect of, for people."""
    source: Text
    """Where the words are documented."""
    identity: Text = "*"
    """Pattern of the answer to ``*IDN?``."""
    begin: tuple[Text, ...] = ()
    """Lines that are said first."""
    end: tuple[Text, ...] = ()
    """Lines that are said last."""
    wire: WireConfig = WireConfig()
    """Patience."""
    blocks: BlockConfig = BlockConfig()
    """Blocks."""
    law: HeaterLaw | None = None
    """How a driver of voltages makes phases; with it, ``volts`` can be said and told in the place of phases."""
    drive_first: bool = False
    """Whether heaters are driven to the study's phases first; an instrument that starts from them needs it not."""
    output_scale: Annotated[float, Field(gt=0, le=1e30, allow_inf_nan=False)] = 1.0
    """Factor from what the instrument reads at an output to activation units."""
    errors: ErrorsConfig = ErrorsConfig()
    """Refusals."""
    after: PhraseConfig | None = None
    """What is said behind every command, on its line; it may give ``time_ps`` and ``energy_j``."""
    wait: PhraseConfig | None = None
    """Waits until the instant ``seconds`` of the instrument's own time."""
    heaters: PhraseConfig | None = None
    """Gives ``devices``: which device of the chip each channel is."""
    phases: PhraseConfig | None = None
    """Gives ``radians``, which the channels are driven to, or ``volts``."""
    commands: Mapping[str, PhraseConfig] = Field(default_factory=dict)
    """Commands of the vocabulary, by their names."""


@dataclass(frozen=True)
class Phrased:
    """Hold words that were read: the text to fill, and the answers to it."""

    say: Template
    gives: tuple[Asked, ...]
    each: Each | None = None


@dataclass(frozen=True)
class Dialect:
    """Hold a dialect that was read; ``commands`` are what it has words for."""

    name: str
    config: DialectConfig
    commands: Mapping[type, Phrased]
    after: Phrased | None
    wait: Phrased | None
    heaters: Phrased | None
    phases: Phrased | None

    @property
    def form(self) -> Format:
        """Return how blocks are written."""
        blocks = self.config.blocks
        return Format("REAL", blocks.bits, blocks.order == "swapped")

    def fits(self, identity: str) -> bool:
        """Return whether an instrument that says ``identity`` of itself is one of this dialect."""
        return fnmatchcase(identity, self.config.identity)


def shipped_dialects() -> tuple[str, ...]:
    """Return the names of the dialects that come with Lightloop, sorted."""
    names = (entry.name for entry in (files(remote) / "dialects").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def load_dialect(name: str = DEFAULT) -> Dialect:
    """Return the dialect ``name``, shipped or a TOML file; raises ``ConfigError`` of place and what is allowed."""
    if name.endswith(".toml") or "/" in name:
        return _read(Path(name), name)
    if name not in shipped_dialects():
        hint = nearest(name, shipped_dialects())
        known = f"a TOML file, or one of {', '.join(shipped_dialects())}"
        raise ConfigError(f"dialect {name[:80]!r} is unknown; allowed: {known}{hint and f'; {hint}'}")
    with as_file(files(remote) / "dialects" / f"{name}.toml") as path:
        return _read(path, name)


def _read(path: Path, name: str) -> Dialect:
    where = path.name
    config = build(DialectConfig, read_toml(path), str(where))
    for said in config.commands:
        if said not in _NAMES:
            hint = nearest(said, _NAMES)
            raise ConfigError(
                f"{where}: commands.{said[:40]} is no command; allowed: {', '.join(_NAMES)}{hint and f'; {hint}'}"
            )
    commands = {_NAMES[said]: _command(config, said, words, where) for said, words in config.commands.items()}
    return Dialect(
        name,
        config,
        commands,
        _maybe(config.after, {}, ("time_ps", "energy_j"), f"{where}: after"),
        _maybe(config.wait, {"seconds": "number"}, (), f"{where}: wait"),
        _maybe(config.heaters, {}, ("devices",), f"{where}: heaters"),
        _phases(config, f"{where}: phases"),
    )


def _command(config: DialectConfig, name: str, words: PhraseConfig, where: str) -> Phrased:
    phrase, place = PHRASES[_NAMES[name]], f"{where}: commands.{name}"
    says, told = phrase.says, phrase.told
    if says is DRIVEN:
        says = {**says, **_VOLTS}
    if words.each is not None:
        drives, reads = phrase.says is DRIVEN, phrase.told is READ
        if drives == reads or drives != (words.each == "heater"):
            known = "none" if drives == reads else repr("heater" if drives else "output")
            raise ConfigError(f"{place}.each = {words.each!r} is refused; allowed here: {known}")
        says, told = (_OF_HEATER, ()) if drives else (_OF_OUTPUT, ("outputs",))
    found = _phrased(words, says, told, place, config.law)
    lacking = [name for name in phrase.needs if name not in {one.name for one in found.gives}]
    if lacking:
        raise ConfigError(f"{place}.gives lacks {', '.join(map(repr, lacking))}, which the reply needs")
    return found


def _maybe(
    words: PhraseConfig | None, says: Mapping[str, Sort], told: tuple[str, ...], where: str
) -> Phrased | None:
    if words is not None and words.each is not None:
        raise ConfigError(f"{where}.each = {words.each!r} is refused; allowed here: none")
    return None if words is None else _phrased(words, says, told, where, None)


def _phases(config: DialectConfig, where: str) -> Phrased | None:
    words = config.phases
    if words is None:
        return None
    if words.each == "output":
        raise ConfigError(f"{where}.each = 'output' is refused; allowed here: 'heater'")
    says = _OF_CHANNEL if words.each is not None else {}
    return _phrased(words, says, ("radians", "volts"), where, config.law)


def _phrased(
    words: PhraseConfig, says: Mapping[str, Sort], told: tuple[str, ...], where: str, law: HeaterLaw | None
) -> Phrased:
    say, gives = Template.of(words.say, says, f"{where}.say"), asked_of(words.gives, told, f"{where}.gives")
    if law is None and "volts" in {*say.names, *(one.name for one in gives)}:
        raise ConfigError(f"{where}: volts need a law; allowed: [law] with volts_for_pi and most_volts")
    several = [one for one in gives if one.parser not in {"number", "whole"}]
    if words.each is not None and several:
        raise ConfigError(
            f"{where}.gives: {several[0].name}:{several[0].parser} of one {words.each}; allowed: number, whole"
        )
    return Phrased(say, gives, words.each)
