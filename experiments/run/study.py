"""A study: everything that defines one run, strict and frozen, from a TOML file and ``--set`` overrides.

There is one ``Study``. Which further sections it has says the kind of its controller: what that needs, each by the
name and the model that a registry gives it.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import Field, create_model

from controllers.guard.options import GuardConfig
from controllers.kind import DEPLOYMENT, WORKLOAD, BatchSize, Kind, Options
from controllers.own import OWN, OwnOptions, own_kind
from controllers.registry import CONTROLLERS, DEFAULT
from controllers.step_graph.workload import WorkloadConfig
from emulator.bench_config import BudgetConfig, ClockConfig, TraceConfig
from emulator.config.files import anchored, with_preset_files
from emulator.config.models import (
    PresetModel,
    StrictModel,
    Tree,
    build,
    many_of,
    merge,
    parse_toml,
    place_of,
    read_toml,
    with_overrides,
)
from emulator.errors import ConfigError, nearest
from emulator.instruments.host.config import HostConfig
from emulator.instruments.host.kind import KIND as HOST
from emulator.instruments.instrument import Lab, Stand
from emulator.instruments.registry import INSTRUMENTS, placed
from experiments.agents.kind import AgentOptions
from experiments.agents.registry import AGENTS
from experiments.run.sections import DeploymentConfig, EvaluationConfig, TaskConfig, with_task_files
from experiments.run.switch import for_chosen_kind, kind_named

__all__ = [
    "Study",
    "load_study",
    "optional_sections",
    "seen_from",
    "study_from_overrides",
    "study_from_text",
    "study_type",
    "type_of",
]

S = TypeVar("S", bound=StrictModel)

_MOVED: Final = {"alpha": DEPLOYMENT, "active_share": DEPLOYMENT}
"""Keys that once stood in [controller], and the section in which they stand today."""


_TASK: Final = "task."
_KIND: Final = "controller.kind"
_NO_OTHER_TASK: Final = {"task.seed", "task.validation_fraction"}
_MAX_TITLE: Final = 200


class Study(StrictModel):
    """Define one run; the seed fixes device spread, active set, batches, noise, first weights and pre-training."""

    title: Annotated[str, Field(max_length=_MAX_TITLE)] = ""
    """What the study is about, for people."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Seed of every random stream."""
    task: TaskConfig = TaskConfig()
    """Data set and network."""
    host: HostConfig = HostConfig()
    """Computer that runs the controller."""
    budget: BudgetConfig = BudgetConfig()
    """Limits."""
    trace: TraceConfig = TraceConfig()
    """Recording."""
    clock: ClockConfig = ClockConfig()
    """Virtual or real time."""
    evaluation: EvaluationConfig = EvaluationConfig()
    """When accuracy is measured."""
    guard: GuardConfig = GuardConfig()
    """What watches the controller's readings for faults."""
    agents: tuple[AgentOptions, ...] = ()
    """Further agents, which play the world that the controller works in."""
    controller: Options
    """Algorithm."""

    @property
    def task_seed(self) -> int:
        """Return the seed of the split and of pre-training."""
        return self.seed if self.task.seed is None else self.task.seed

    @property
    def kind(self) -> Kind:
        """Return the kind of the controller."""
        said = self.controller
        return own_kind(said.in_place_of) if isinstance(said, OwnOptions) else CONTROLLERS[said.kind]

    @property
    def batch_size(self) -> int | None:
        """Return how many samples the controller takes at once: None is all, 1 where it says nothing of batches."""
        said: BatchSize = getattr(self.controller, "batch_size", 1)
        return None if said == "all" else said

    def section(self, config: type[S]) -> S:
        """Return the section that is a ``config``; raises ``ConfigError`` when this study has none."""
        for name in type(self).model_fields:
            if isinstance(found := getattr(self, name), config):
                return found
        users = [kind.name for kind in CONTROLLERS.values() if _has(study_type(kind.name), config)]
        raise ConfigError(
            f"controller.kind = {self.controller.kind!r} is refused here: it has no use for a {config.__name__}; "
            f"allowed: {', '.join(map(repr, users))}"
        )

    def cautions(self) -> tuple[str, ...]:
        """Return what to keep in mind of readings on this bench, in words; nothing is a clear case."""
        return tuple(
            words for name, config in self.standing().items() for words in INSTRUMENTS[name].cautions(config)
        )

    def standing(self) -> dict[str, StrictModel]:
        """Return the configuration of every instrument that stands on the bench, the host apart, by its name."""
        names = self.kind.needs - self.kind.unused(self.controller)
        workload = getattr(self, WORKLOAD, None)
        if isinstance(workload, WorkloadConfig):
            names -= workload.unused
        return {name: getattr(self, name) for name in placed() if name in names}

    def lab(self) -> Lab:
        """Return the configuration of everything that stands on the bench, designs apart."""
        return {
            **{name: Stand(config) for name, config in self.standing().items()},
            HOST.name: Stand(self.host),
        }


def study_type(kind: str) -> type[Study]:
    """Return the model of studies whose controller is of ``kind``, a name of the registry."""
    return type_of(CONTROLLERS[kind])


@cache
def type_of(controller: Kind) -> type[Study]:
    """Return the model of studies whose ``controller`` is of this kind."""
    fields: dict[str, Any] = {
        "controller": (controller.options, controller.options.model_validate({})),
        "agents": (many_of([agent.options for agent in AGENTS.values()]), ()),
    }
    for name, config in optional_sections().items():
        if name in controller.needs:
            fields[name] = (config, Field(config(), description=config.__doc__))
    return create_model(
        f"Study[{controller.name}]", __base__=Study, __module__=__name__, __doc__=Study.__doc__, **fields
    )


def load_study(path: Path | str, overrides: Sequence[str] = (), seed: int | None = None) -> Study:
    """Return the study in the TOML file ``path``, with overrides such as ``"deployment.alpha=0.05"`` on top.

    Overrides that choose another kind of controller keep of the file's [controller] what both kinds share. Files
    that it names are seen from its folder, those of overrides from the working folder. Raises
    ``ConfigError`` naming file, key, value and what is allowed.
    """
    further = [] if seed is None else [f"seed={seed}"]
    own = seen_from(read_toml(path), Path(path).parent)
    tree = with_overrides(for_chosen_kind(own, overrides), (*overrides, *further))
    return _built(_retitled(tree, own, overrides, Path(path).stem), str(path), (*overrides, *further))


def seen_from(tree: Mapping[str, object], folder: Path) -> Tree:
    """Return ``tree``, of a study or a part of one, with the files that it names where they are from ``folder``."""
    return with_task_files(anchored(tree, folder), folder)


def study_from_overrides(overrides: Sequence[str], where: str = "--set") -> Study:
    """Return the study that says nothing but ``overrides``; raises ``ConfigError`` that opens with ``where``."""
    return _built(with_overrides({}, overrides), where)


def study_from_text(text: str, where: str = "study", overrides: Sequence[str] = ()) -> Study:
    """Return the study in the TOML ``text``, such as a trace's embedded one, with ``overrides`` on top.

    Keys of ``text`` that have moved since it was written are taken from where they were. An embedded study gives
    every key, and would hide a preset that an override names: the preset replaces the whole section.
    """
    tree = _brought_up_to_date(parse_toml(text, where))
    for path in (override.partition("=")[0].strip() for override in overrides):
        if path.endswith(".preset"):
            tree.pop(path.removesuffix(".preset"), None)
    return _built(with_overrides(for_chosen_kind(tree, overrides), overrides), where, overrides)


def _retitled(tree: Tree, before: Tree, overrides: Sequence[str], stem: str) -> Tree:
    """Return ``tree`` with a title that is still true where ``overrides`` bring another task or controller."""
    told = {key.strip(): value for key, _, value in (each.partition("=") for each in overrides)}
    other_kind = kind_named(tree) != kind_named(before)
    changed = [key for key in told if key.startswith(_TASK) and key not in _NO_OTHER_TASK]
    changed += [_KIND] if other_kind and _KIND in told else []
    title = before.get("title")
    if not changed or "title" in told or not isinstance(title, str) or not title:
        return tree
    task = tree.get("task")
    said = ", ".join(f"{key}={told[key].strip()}" for key in changed)
    other = other_kind or (
        isinstance(task, dict) and any(f"{_TASK}{key}" in told for key in ("name", "file"))
    )
    return {
        **tree,
        "title": f"{stem} with {said}"[:_MAX_TITLE] if other else f"{title}; with {said}"[:_MAX_TITLE],
    }


def _built(tree: Tree, where: str, overrides: Sequence[str] = ()) -> Study:
    tree = with_task_files(tree, Path.cwd())
    kind = _kind_of(tree, place_of("controller.kind", where, overrides))
    tree = with_preset_files(tree, _with_presets(type_of(kind)))
    for key in _moved(tree, kind):
        place = place_of(f"controller.{key}", where, overrides)
        raise ConfigError(f"{place}: controller.{key} has moved: write {_MOVED[key]}.{key}")
    for name in optional_sections():
        if name in tree and name not in kind.needs:
            users = ", ".join(repr(each.name) for each in CONTROLLERS.values() if name in each.needs)
            place = place_of(name, where, overrides)
            raise ConfigError(
                f"{place}: the section [{name}] is refused with controller.kind = {kind.name!r}; it belongs to "
                f"{users or 'no controller'}"
            )
    return build(type_of(kind), _fitted(tree, kind, where, overrides), where, overrides)


def _fitted(tree: Tree, kind: Kind, where: str, overrides: Sequence[str]) -> Tree:
    """Return ``tree`` with what the controller cannot do without; raise ``ConfigError`` where it says otherwise."""
    for needed in kind.fits:
        fitted = with_overrides({}, [needed])
        tree = merge(fitted, tree)
        if merge(tree, fitted) != tree:
            key = needed.partition("=")[0]
            raise ConfigError(
                f"{place_of(key, where, overrides)}: {key} is refused with controller.kind = {kind.name!r}, which "
                f"cannot work so; allowed: {needed}"
            )
    return tree


def _with_presets(study: type[Study]) -> dict[str, type[PresetModel]]:
    """Return the sections of ``study`` that may start from a preset."""
    found = {name: field.annotation for name, field in study.model_fields.items()}
    return {
        name: model
        for name, model in found.items()
        if isinstance(model, type) and issubclass(model, PresetModel)
    }


def _kind_of(tree: Mapping[str, object], where: str) -> Kind:
    section = tree.get("controller")
    said = section if isinstance(section, dict) else {}
    key, name = "kind", said.get("kind", DEFAULT)
    own = name == OWN
    if own:
        key, name = "in_place_of", said.get("in_place_of", DEFAULT)
    if not isinstance(name, str) or name not in CONTROLLERS:
        hint = nearest(str(name), CONTROLLERS)
        if ".py" in str(name):
            hint = "a controller of your own is named on the command line: --controller FILE.py:NAME"
        raise ConfigError(
            f"{where}: controller.{key} = {str(name)[:60]!r} is refused; allowed: one of "
            f"{', '.join(map(repr, CONTROLLERS))}{hint and f'; {hint}'}"
        )
    return own_kind(name) if own else CONTROLLERS[name]


def _moved(tree: Mapping[str, object], kind: Kind) -> list[str]:
    """Return the keys of [controller] that stand elsewhere today, where the kind has use for them at all."""
    section = tree.get("controller")
    keys = section if isinstance(section, dict) else {}
    return [key for key, home in _MOVED.items() if key in keys and home in kind.needs]


def _brought_up_to_date(tree: Tree) -> Tree:
    """Return ``tree`` with every key where it stands today."""
    for name, instrument in INSTRUMENTS.items():
        if isinstance(old := tree.get(name), dict):
            tree = tree | {name: instrument.moved(old)}
    section = tree.get("controller")
    kind = section.get("kind", DEFAULT) if isinstance(section, dict) else DEFAULT
    if not isinstance(section, dict) or not isinstance(kind, str) or kind not in CONTROLLERS:
        return tree
    moved = _moved(tree, CONTROLLERS[kind])
    tree = tree | {"controller": {key: value for key, value in section.items() if key not in moved}}
    for key in moved:
        tree = merge({_MOVED[key]: {key: section[key]}}, tree)
    return tree


def optional_sections() -> dict[str, type[StrictModel]]:
    """Return the sections that some controllers need and others do not, by name."""
    own: dict[str, type[StrictModel]] = {DEPLOYMENT: DeploymentConfig, WORKLOAD: WorkloadConfig}
    return own | {each.name: each.config for each in placed().values()}


def _has(study: type[Study], config: type[StrictModel]) -> bool:
    return any(field.annotation is config for field in study.model_fields.values())
