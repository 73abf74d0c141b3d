"""A controller of the user's own, and the study that says of a run that it had it."""

import functools
import hashlib
import inspect
import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from controllers.kind import Setting
from controllers.own import SHARED, OwnOptions, own_kind, refusal
from emulator.commands import Controller
from emulator.config.models import with_overrides
from emulator.errors import ConfigError, LightloopError
from experiments.run.own.arguments import check_call, parameters_of, place_of_function, typed
from experiments.run.own.guard import Guarded, told_at
from experiments.run.sections import MATRIX, OWN
from experiments.run.study import Study, type_of

__all__ = ["Own", "OwnController", "digest_of", "own_of", "recalled", "refuse_absent", "with_own"]

OwnController = Callable[..., Controller]
"""A user's controller: a generator function whose first argument is the setting, what is public where it works."""

_PREFIX: Final = "controller."
_KIND: Final = "controller.kind"
_TITLE: Final = "title"
_MAX_TITLE: Final = 200


@dataclass(frozen=True, slots=True)
class Own:
    """Hold a controller of one's own.

    Attributes
    ----------
    function, name, source, file
        The function, what a trace calls it, the digest of its file, and where that lies; "" where there is none.
    arguments, said
        What it is given besides the setting, and how ``--set`` would say that.
    limits
        Which of ``controller.queries`` and ``controller.batch_size`` were given for this run.
    titled
        Whether the run was given a title, which stays.
    brief
        Whether errors of the program are told on one line, as a command line does.
    """

    function: OwnController
    name: str
    source: str = ""
    file: str = ""
    arguments: Mapping[str, object] = field(default_factory=dict)
    said: tuple[str, ...] = ()
    limits: Mapping[str, object] = field(default_factory=dict)
    titled: bool = False
    brief: bool = False

    @property
    def agent(self) -> str:
        """Return the name of its agent in a trace."""
        return str(getattr(self.function, "__name__", type(self.function).__name__))

    def given(self, overrides: Sequence[str]) -> "tuple[Own, tuple[str, ...]]":
        """Return it with those of ``overrides`` that are its own, and the others, which are the study's.

        Raises ``ConfigError`` for an argument that the function does not have, or of another type.
        """
        keys = [one.partition("=")[0].strip() for one in overrides]
        mine = [one for one, key in zip(overrides, keys, strict=True) if _is_mine(key)]
        others = tuple(one for one in overrides if one not in mine)
        section = with_overrides({}, mine).get("controller", {})
        known = parameters_of(self.function)
        arguments, said, limits = dict(self.arguments), dict(_parted(self.said)), dict(self.limits)
        for key, value in section.items() if isinstance(section, Mapping) else ():
            if key in SHARED and key not in known.types:
                limits[key] = value
                continue
            arguments[key] = typed(self.name, key, value, known)
            said[key] = json.dumps(value, default=str, ensure_ascii=False)
        words = tuple(f"{key}={value}" for key, value in said.items())
        found = replace(self, arguments=arguments, said=words, limits=limits, titled=_TITLE in keys)
        return found, others

    def begun(self, setting: Setting) -> Controller:
        """Return the generator, at its first command; raises ``ConfigError`` for what is no controller."""
        check_call(self.name, self.function, self.arguments)
        try:
            made = self.function(setting, **self.arguments)
        except Exception as error:
            if not self.brief or isinstance(error, LightloopError):
                raise
            raise told_at(self.name, self.file, error) from error
        if not isinstance(made, Generator):
            raise ConfigError(
                f"controller {self.name}{place_of_function(self.function)}: it returned {type(made).__name__}, "
                "which is no generator; a controller is a function that yields commands: "
                "def NAME(setting): ... yield Forward(batch)"
            )
        return Guarded(self.name, self.file, made, self.brief)


def _is_mine(key: str) -> bool:
    return key.startswith(_PREFIX) and key != _KIND


def _parted(said: Sequence[str]) -> list[tuple[str, str]]:
    return [(key, value) for key, _, value in (one.partition("=") for one in said)]


def own_of(function: "OwnController | Own") -> Own:
    """Return ``function`` as a controller of one's own; raises ``ConfigError`` where it cannot be called."""
    if isinstance(function, Own):
        return function
    if not callable(function):
        raise ConfigError(
            f"controller = {function!r:.80} is refused; allowed: a function that yields commands"
        )
    if isinstance(function, functools.partial) and not function.args:
        inner = own_of(function.func)
        said = tuple(f"{key}={_words(value)}" for key, value in function.keywords.items())
        return replace(inner, arguments={**inner.arguments, **function.keywords}, said=(*inner.said, *said))
    name = str(getattr(function, "__name__", type(function).__name__))
    try:
        path = Path(inspect.getsourcefile(inspect.unwrap(function)) or "")
    except TypeError:
        path = Path()
    if not path.is_file():
        return Own(function, name)
    return Own(function, f"{path.name}:{name}", digest_of(path), str(path))


def _words(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return f"{value!r:.60}"


def digest_of(path: Path) -> str:
    """Return the BLAKE2b digest of a file, 32 hexadecimal digits."""
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


def refuse_absent(study: Study) -> None:
    """Raise ``ConfigError`` when ``study`` says that a controller of one's own ran, which nobody has named now."""
    if isinstance(study.controller, OwnOptions):
        raise refusal(study.controller)


def recalled(study: Study, own: Own | None) -> Own | None:
    """Return the controller to run ``study`` of a trace again, as recorded; None is the study's own.

    Raises ``ConfigError`` when none, or not the one of the run, was named.
    """
    said = study.controller
    if not isinstance(said, OwnOptions):
        if own is not None:
            raise ConfigError(
                f"--controller {own.name} is refused: the run had {said.kind!r}, which comes with Lightloop; "
                "leave it out"
            )
        return None
    if own is None:
        raise refusal(said)
    if said.source and own.source != said.source:
        raise ConfigError(
            f"--controller {own.name} is refused: the run had {said.name} with digest {said.source}, and this file "
            f"has {own.source or 'none'}; give the file that ran"
        )
    if said.name.rpartition(":")[2] != own.name.rpartition(":")[2]:
        raise ConfigError(
            f"--controller {own.name} is refused: the run had {said.name}; name the same function"
        )
    return own.given([f"{_PREFIX}{one}" for one in said.arguments])[0]


def with_own(study: Study, own: Own) -> Study:
    """Return ``study`` as one that says what runs: ``own`` in the place of its controller.

    Raises ``ConfigError`` when the function cannot be called with what it is given, or a limit is refused.
    """
    check_call(own.name, own.function, own.arguments)
    said = study.controller
    known: dict[str, Any] = {key: getattr(said, key) for key in SHARED if hasattr(said, key)}
    replaced = said.in_place_of if isinstance(said, OwnOptions) else said.kind
    try:
        options = OwnOptions.model_validate(
            {
                **known,
                **own.limits,
                "name": own.name,
                "source": own.source,
                "in_place_of": replaced,
                "arguments": own.said,
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(
            f"controller.{first['loc'][0]} = {first['input']!r:.60} is refused: {first['msg'].lower()}"
        ) from error
    wanted = type_of(own_kind(replaced))
    sections = {name: getattr(study, name) for name in wanted.model_fields} | {"controller": options}
    if not own.titled and not isinstance(said, OwnOptions):
        sections[_TITLE] = f"{own.agent} ({own.name}) on {_task(study)}"[:_MAX_TITLE]
    limits = [each for each in (study.budget.queries, options.queries) if each is not None]
    if limits:
        sections["budget"] = study.budget.model_copy(update={"queries": min(limits)})
    return wanted(**sections)


def _task(study: Study) -> str:
    """Return what the run works on, in words: of data of one's own, their file."""
    task = study.task
    return Path(task.file).name if task.name in {OWN, MATRIX} and task.file else task.name
