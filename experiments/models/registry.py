"""The models by name; adding one is one file and one line here."""

import numpy as np

from emulator.errors import ConfigError, nearest
from experiments.models import dit, fcnn, mlp, transformer, vit
from experiments.models.model import Blueprint, Model, ModelKind

__all__ = ["MODELS", "draw_model", "model_kind", "model_names"]

MODELS: dict[str, ModelKind] = {
    kind.name: kind for kind in (mlp.KIND, fcnn.KIND, vit.KIND, dit.KIND, transformer.KIND)
}


def model_names() -> tuple[str, ...]:
    """Return the names that ``draw_model`` knows."""
    return tuple(MODELS)


def draw_model(name: str, blueprint: Blueprint, rng: np.random.Generator) -> Model:
    """Return the model ``name`` of the sizes in ``blueprint``, with weights from ``rng``.

    Raises ``ConfigError`` when there is no such model or it cannot be of these sizes.
    """
    kind = model_kind(name)
    if blueprint.side and not kind.told:
        told = ", ".join(repr(other.name) for other in MODELS.values() if other.told)
        raise ConfigError(
            f"task.model = {name!r} is refused: this task tells blocks more than their signal, and the blocks of "
            f"{name!r} do not listen; allowed: {told}"
        )
    return kind.draw(blueprint, rng)


def model_kind(name: str) -> ModelKind:
    """Return the kind of model that is called ``name``; raises ``ConfigError`` when there is none."""
    if name not in MODELS:
        hint = nearest(name, MODELS)
        raise ConfigError(
            f"task.model = {name!r} is unknown; allowed: {', '.join(MODELS)}{hint and f'; {hint}'}"
        )
    return MODELS[name]
