"""Another controller in a study's place: which of the study's settings hold for the kind that overrides choose.

A study's file sets numbers for its own kind, such as the step of SZO-SCD. An option that both kinds share, because
both inherit it from one model, keeps the file's value. One that the file gives and the other kind does not share is
left out: the other kind begins there with its own default, also where it happens to use the same word for
something else. What overrides give is the user's own, and stays to be used or refused.
"""

from collections.abc import Iterable, Mapping

from controllers.kind import Options
from controllers.registry import CONTROLLERS, DEFAULT
from emulator.config.models import Tree, with_overrides

__all__ = ["for_chosen_kind", "kind_named", "shared_keys"]


def for_chosen_kind(tree: Tree, overrides: Iterable[str]) -> Tree:
    """Return ``tree``, a study, without what its own controller does not share with the kind that is chosen.

    Kinds that are not registered, such as a controller of one's own, are left to whoever reads the tree.
    """
    before, after = kind_named(tree), kind_named(with_overrides(tree, overrides))
    old, new = _options(before), _options(after)
    section = tree.get("controller")
    if before == after or old is None or new is None or not isinstance(section, dict):
        return tree
    lost = (old.model_fields.keys() - shared_keys(old, new)) | {"kind"}
    return {**tree, "controller": {key: value for key, value in section.items() if key not in lost}}


def kind_named(tree: Mapping[str, object]) -> object:
    """Return what ``tree`` gives as ``controller.kind``, right or wrong; the default where it says nothing."""
    section = tree.get("controller")
    return section.get("kind", DEFAULT) if isinstance(section, dict) else DEFAULT


def shared_keys(one: type[Options], other: type[Options]) -> frozenset[str]:
    """Return the options that both kinds inherit from the same model; ``kind`` itself is none."""
    both = one.model_fields.keys() & other.model_fields.keys()
    return frozenset(key for key in both - {"kind"} if _home(one, key) is _home(other, key))


def _home(model: type[Options], key: str) -> type:
    """Return the first model in the line of ``model`` that declared ``key``; a new default is no new home."""
    return next(each for each in reversed(model.__mro__) if key in getattr(each, "__annotations__", {}))


def _options(kind: object) -> type[Options] | None:
    return CONTROLLERS[kind].options if isinstance(kind, str) and kind in CONTROLLERS else None
