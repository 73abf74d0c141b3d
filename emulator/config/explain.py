"""Says in one line why a configuration was refused: key, value, what is allowed; it validates nothing."""

import difflib
import json
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, BeforeValidator, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from emulator.config.quantities import Unit
from emulator.errors import nearest

__all__ = ["allowed", "explain", "first_key", "paths", "unit_of"]

_MAX_SHOWN = 60
_CLOSE = 0.6
_INDEX = re.compile(r"\[\d+\]")
_BARE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PLAIN = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def explain(error: ValidationError, model_cls: type[BaseModel], tree: Mapping[str, object]) -> str:
    """Return the first problem of ``error`` as one line and name the keys of the others."""
    problems = error.errors(include_url=False)
    line = _problem(problems[0], _known(model_cls, tree), tree)
    others = list(dict.fromkeys(_dotted(problem, tree) for problem in problems[1:]))
    return f"{line} (and {len(others)} more: {_short(', '.join(others), 200)})" if others else line


def first_key(error: ValidationError, tree: Mapping[str, object]) -> str:
    """Return the dotted key of the problem that ``explain`` tells."""
    return _dotted(error.errors(include_url=False)[0], tree)


def paths(model_cls: type[BaseModel], tree: object = None) -> Iterator[tuple[str, str]]:
    """Yield ``(dotted key, what is allowed)`` of every leaf below ``model_cls``, in the order of declaration.

    Where a section is a union, ``tree`` (if given) selects the members that its literal keys (``kind``) fit.
    """
    for name, field in model_cls.model_fields.items():
        below = tree.get(name) if isinstance(tree, Mapping) else None
        sections = _models(field.annotation)
        for section in [model for model in sections if _fits(model, below)] or sections:
            yield from ((f"{name}.{key}", text) for key, text in paths(section, below))
        if not sections:
            yield name, allowed(field.annotation, field.metadata)


def _known(model_cls: type[BaseModel], tree: object) -> dict[str, str]:
    """Return what is allowed at every key; a key of several union members allows what any of them does."""
    known: dict[str, list[str]] = {}
    for key, text in (*paths(model_cls, tree), *_item_paths(model_cls)):
        known.setdefault(key, []).append(text)
    return {key: " or ".join(dict.fromkeys(texts)) for key, texts in known.items()}


def _item_paths(model_cls: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Yield what ``paths`` does for the items of lists of sections, at the list's own key."""
    for name, field in model_cls.model_fields.items():
        for section in _models(field.annotation):
            yield from ((f"{name}.{key}", text) for key, text in _item_paths(section))
        if get_origin(field.annotation) is tuple:
            for item in _models(get_args(field.annotation)[0]):
                yield from ((f"{name}.{key}", text) for key, text in paths(item))


def _fits(model: type[BaseModel], tree: object) -> bool:
    """Say whether the literal fields of ``model`` accept what ``tree`` holds."""
    if not isinstance(tree, Mapping):
        return True
    literals = (
        (n, f.annotation) for n, f in model.model_fields.items() if get_origin(f.annotation) is Literal
    )
    return all(name not in tree or tree[name] in get_args(annotation) for name, annotation in literals)


def allowed(annotation: Any, metadata: Sequence[object] = ()) -> str:
    """Return in words what a field of type ``annotation`` with the constraints ``metadata`` accepts."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *extra = get_args(annotation)
        return allowed(inner, [*extra, *metadata])
    if origin is Literal:
        return "one of " + ", ".join(repr(choice) for choice in get_args(annotation))
    if origin in (Union, types.UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        return " or ".join(dict.fromkeys(allowed(member, metadata) for member in members))
    if origin is tuple:
        return f"a list, each item {allowed(get_args(annotation)[0])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "a section with the keys " + ", ".join(annotation.model_fields)
    return _limited(_PLAIN.get(annotation, str(annotation)), metadata)


def unit_of(annotation: Any, metadata: Sequence[object] = ()) -> str:
    """Return the SI unit of a field of type ``annotation`` with ``metadata``, or nothing when it has none."""
    for item in metadata:
        if isinstance(item, BeforeValidator) and isinstance(item.func, Unit):
            return item.func.symbol
    further = get_args(annotation)
    parts = further[:1] if get_origin(annotation) is Annotated else further
    own = [unit_of(part) for part in parts]
    if get_origin(annotation) is Annotated:
        own.append(unit_of(None, further[1:]))
    return next(filter(None, own), "")


def _limited(plain: str, metadata: Sequence[object]) -> str:
    """Return ``plain`` with the unit and the limits that ``metadata`` holds."""
    limits: list[str] = []
    for item in metadata:
        for constraint in getattr(item, "metadata", None) or [item]:
            match constraint:
                case BeforeValidator(func=Unit(symbol=symbol, example=example)):
                    plain = f"a number in {symbol} or a text such as '{example}'"
                case Gt(gt=bound):
                    limits.append(f"> {bound}")
                case Ge(ge=bound):
                    limits.append(f">= {bound}")
                case Lt(lt=bound):
                    limits.append(f"< {bound}")
                case Le(le=bound):
                    limits.append(f"<= {bound}")
                case StringConstraints(pattern=str(pattern)):
                    limits.append(f"matching {pattern}")
                case _:
                    continue
    return ", ".join([plain, *limits])


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Return the models that ``annotation`` names, several for a union; lists of models are leaves."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Union, types.UnionType, Annotated):
        return [model for member in get_args(annotation) for model in _models(member)]
    return []


def _problem(problem: ErrorDetails, known: Mapping[str, str], tree: Mapping[str, object]) -> str:
    """Return one pydantic problem as a line; ``known`` holds what is allowed at every key."""
    key = _dotted(problem, tree)
    shown = f"{key} = {_show(problem['input'])}"
    match problem["type"]:
        case "extra_forbidden":
            return f"{shown} is not a known key{_hint(key, known)}"
        case "refused":
            return f"{key} is refused: {problem['msg']}"
        case "missing":
            return f"{key} is missing; allowed: {_allowed_at(key, known, problem)}"
        case "union_tag_not_found":
            tagged = f"{key}.{_discriminator(problem)}"
            return f"{tagged} is missing; allowed: {_allowed_at(tagged, known, problem)}"
        case "union_tag_invalid":
            tag, tags = problem["ctx"]["tag"], problem["ctx"]["expected_tags"]
            choices = [choice.strip("'") for choice in tags.split(", ")]
            hint = nearest(tag, choices)
            tagged = f"{key}.{_discriminator(problem)} = {_show(tag)}"
            return f"{tagged} is refused; allowed: one of {tags}{hint and f'; {hint}'}"
        case "quantity":
            return f"{key}: {problem['msg']}; allowed: {_allowed_at(key, known, problem)}"
        case "int_type" if isinstance(problem["input"], float) and problem["input"].is_integer():
            whole = f"write {problem['input']:.0f}"
            return f"{shown} is refused; allowed: {_allowed_at(key, known, problem)}; {whole}"
        case _:
            return f"{shown} is refused; allowed: {_allowed_at(key, known, problem)}"


def _discriminator(problem: ErrorDetails) -> str:
    return str(problem["ctx"]["discriminator"]).strip("'")


def _allowed_at(key: str, known: Mapping[str, str], problem: ErrorDetails) -> str:
    key = _INDEX.sub("", key)
    if key in known:
        return known[key]
    below = [path for path in known if path.startswith(f"{key}.")]
    if below:
        return "a section with the keys " + ", ".join(
            dict.fromkeys(p[len(key) + 1 :].split(".")[0] for p in below)
        )
    return problem["msg"]


def _dotted(problem: ErrorDetails, tree: Mapping[str, object]) -> str:
    """Return the key path of ``problem``, without the union tags that pydantic mixes into it."""
    parts: list[str] = []
    node: object = tree
    for step in problem["loc"]:
        if isinstance(step, int):
            parts[-1:] = [f"{parts[-1]}[{step}]" if parts else f"[{step}]"]
            node = node[step] if isinstance(node, (list, tuple)) and step < len(node) else None
        elif isinstance(node, Mapping) and step in node:
            parts.append(step if _BARE.fullmatch(step) else _short(json.dumps(step), _MAX_SHOWN))
            node = node[step]
        elif problem["type"] == "missing" and step == problem["loc"][-1]:
            parts.append(step)
    if problem["type"] == "refused":
        parts.append(str(problem["ctx"]["key"]))
    return ".".join(parts) or "the document"


def _hint(key: str, known: Mapping[str, str]) -> str:
    """Return the nearest known key: by its last part anywhere in the tree, siblings first."""
    parent, _, name = key.rpartition(".")
    sections = {path.rsplit(".", depth)[0] for path in known for depth in range(1, path.count(".") + 1)}

    def score(candidate: str) -> float:
        home, _, last = candidate.rpartition(".")
        likeness = difflib.SequenceMatcher(None, name, last, autojunk=False).ratio()
        return likeness + (0.05 if home == parent else 0.0)

    best = max([*known, *sorted(sections)], key=score, default="")
    return f"; did you mean '{best}'?" if best and score(best) >= _CLOSE else ""


def _show(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + _short(", ".join(json.dumps(key).strip('"') for key in value), _MAX_SHOWN) + "}"
    return _short(repr(value), _MAX_SHOWN)


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."
