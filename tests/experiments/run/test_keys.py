"""The tables of keys: the guide holds what the models say, and every key says something."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

import pytest
from pydantic import BaseModel, Field

from controllers.kind import Kind, Options
from controllers.registry import CONTROLLERS
from emulator.config.models import PresetModel, StrictModel
from experiments.agents.registry import AGENTS
from experiments.run.keys import GUIDE, Key, keys_of, meaning_of, pages, rewritten
from experiments.run.study import study_type


class Inner(StrictModel):
    """A section in a section."""

    deep_s: float = 1e-06
    """How deep, in seconds, |x|. None is
    shallow."""
    silent: int = 3


class Outer(PresetModel):
    """A section that starts from a preset."""

    preset_kind = "chip"

    inner: Inner = Inner()
    """More."""
    choices: tuple[int, ...] = ()
    """Some of ``these``."""


def reachable(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield every model that is named by ``annotation``, and all below it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from reachable(field.annotation)
        return
    for part in get_args(annotation):
        yield from reachable(part)


def every_model() -> set[type[BaseModel]]:
    roots = [study_type(name) for name in CONTROLLERS] + [agent.options for agent in AGENTS.values()]
    return {model for root in roots for model in reachable(root)}


def test_the_guide_holds_what_would_be_generated() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    assert rewritten(text) == text, "run `make docs`"


def test_every_key_of_every_section_of_a_study_has_a_docstring() -> None:
    models = every_model()
    assert len(models) > 20
    silent = [f"{m.__name__}.{name}" for m in models for name in m.model_fields if not meaning_of(m, name)]
    assert silent == []


def test_a_key_is_told_with_its_path_its_default_and_its_docstring_wherever_it_was_declared() -> None:
    assert list(keys_of(Outer, "outer.")) == [
        Key("outer.preset", "none", meaning_of(PresetModel, "preset"), "a text"),
        Key("outer.inner.deep_s", "1e-06", "How deep, in seconds, |x|. None is shallow.", "a number"),
        Key("outer.inner.silent", "3", "", "a whole number"),
        Key("outer.choices", "`[]`", "Some of ``these``.", "a list, each item a whole number"),
    ]


def test_only_what_stands_between_the_marks_is_rewritten() -> None:
    begin, end = pages().split("\n")[0], pages().split("\n")[-1]
    assert rewritten(f"before\n{begin}\nold\n{end}\nafter\n") == f"before\n{pages()}\nafter\n"


def test_a_controller_that_is_registered_is_in_the_guide_with_no_further_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Guess(Options):
        """Options."""

        kind: Literal["guess"] = "guess"
        """Which controller this section configures."""
        patience: Annotated[int, Field(ge=1)] = 7
        """Guesses until it gives up, one ``|`` another, >= 1."""

    kind = Kind("guess", Guess, frozenset({"chip"}), lambda *_: pytest.fail("not started here"))
    monkeypatch.setitem(CONTROLLERS, "guess", kind)  # type: ignore[arg-type]
    on_a_chip = [name for name, each in CONTROLLERS.items() if "chip" in each.needs]
    assert f"### `[chip]`: for {', '.join(f'`{each}`' for each in on_a_chip)}" in pages()
    assert "### `[controller]` of kind `guess`" in pages()
    assert "| `controller.patience` | 7 | Guesses until it gives up, one `\\|` another, >= 1 |" in pages()
