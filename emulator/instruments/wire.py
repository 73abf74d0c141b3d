"""What a kind says of how it is spoken to over a wire; no instrument is named here, and nothing is sent.

A kind declares words of SCPI; whoever serves it makes their table (``emulator/remote``). Words are written as in a
manual, ``"PROBe"``: capitals are the short form. What is said is judged by the command that is made of it, as ever.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from emulator.commands import Command

__all__ = ["SILENT", "Given", "Look", "Note", "Said", "Sort", "Taken", "Verb", "Words"]

Sort = Literal["whole", "number", "seconds", "numbers", "channels", "choice", "text"]
"""How a value is written: a whole number; a real one; seconds, which become picoseconds; many real ones, as a block
or a list; heaters or other parts, as ``(@1,3:5)``; one of some words; a text in quotes."""

Said = Mapping[str, Any]
"""What was said, by the names of what is taken; what was left out is not in it."""


@dataclass(frozen=True)
class Taken:
    """Say what a word takes: its name, how it is written, whether it may be left out, and of which words one is."""

    name: str
    sort: Sort
    what: str
    optional: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Given:
    """Say what a reply holds: ``read`` takes it from the reply; of one that holds more, ``words`` asks for it."""

    words: str
    sort: Sort
    what: str
    read: Callable[[Any], Any]


@dataclass(frozen=True)
class Verb:
    """Say how a command is asked for.

    Attributes
    ----------
    words
        The words, below those of the instrument.
    asks
        The class of the command.
    what
        What it does, in a sentence.
    takes
        What follows the words, in that order.
    gives
        What the reply holds; the first is what the query answers.
    command
        Makes the command of the instrument, what was said, and the notes of this client.
    unsettled
        Makes what waits until all that it set in motion has come to rest; None where a reply is the end of it.
    """

    words: str
    asks: type
    what: str
    takes: tuple[Taken, ...]
    gives: tuple[Given, ...]
    command: Callable[[Any, Said, Mapping[str, Any]], Command]
    unsettled: Callable[[], Command] | None = None


@dataclass(frozen=True)
class Note:
    """Say what a client can put down under ``name``, for later commands of its own alone.

    ``keep`` makes it of the instrument, what was said, and the notes so far; ``gives`` is what the query answers.
    """

    name: str
    words: str
    what: str
    takes: tuple[Taken, ...]
    gives: Given
    keep: Callable[[Any, Said, Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Look:
    """Say what a client may look up of the instrument at no cost, with ``read``; never hidden state.

    Where a verb has the same words, this is what the query of them means.
    """

    words: str
    sort: Sort
    what: str
    read: Callable[[Any, Said], Any]
    takes: tuple[Taken, ...] = ()


@dataclass(frozen=True)
class Words:
    """Say all that is said to a kind of instrument.

    Attributes
    ----------
    root
        The first word, ``"CHIP"``.
    verbs, notes, looks
        What can be asked for, put down and looked up.
    channels
        Of the instrument, what the channels 1, 2, ... are to its commands; None where it has none.
    reset
        The commands that bring the instrument to where it was when the run began.
    driven
        The commands that drive the instrument as it is driven now.
    """

    root: str = ""
    verbs: tuple[Verb, ...] = ()
    notes: tuple[Note, ...] = ()
    looks: tuple[Look, ...] = ()
    channels: Callable[[Any], Any] | None = None
    reset: Callable[[Any], tuple[Command, ...]] = field(default=lambda instrument: ())
    driven: Callable[[Any], tuple[Command, ...]] = field(default=lambda instrument: ())


SILENT = Words()
"""The words of a kind that nothing is said to over a wire."""
