"""Where a controller of the user's own is found: in a file that is named beside the study, or in a package.

Nothing in a study or a trace names a file to run. A file is run as Python runs it, from its source.
"""

import inspect
import sys
from importlib.machinery import SourceFileLoader
from importlib.metadata import entry_points
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

from emulator.errors import ConfigError, nearest
from experiments.run.own.guard import told_at
from experiments.run.own.own import Own, digest_of, own_of

__all__ = ["ENTRY_POINTS", "load_own", "rooted"]

ENTRY_POINTS: Final = "lightloop.controllers"
"""The group under which an installed package offers controllers by name."""

_PY: Final = ".py"


class _Source(SourceFileLoader):
    """Compile the source that lies there; a cached byte code may be that of a file before."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


def load_own(named: str) -> Own:
    """Return the controller ``FILE.py:NAME``, or one that an installed package offers by an entry point.

    Raises ``ConfigError`` for a file that is not there or cannot be imported, and for a name that it has not.
    """
    file, colon, name = named.rpartition(":")
    if not colon and not named.endswith(_PY):
        return _installed(named)
    path, where = Path(file if colon else named), f"--controller {named[:120]}"
    if path.suffix != _PY:
        raise ConfigError(f"{where}: {path.name!r} is no file of Python; allowed: FILE.py:NAME")
    if not path.is_file():
        beside = [each.name for each in path.parent.glob(f"*{_PY}")] if path.parent.is_dir() else []
        hint = nearest(path.name, beside)
        raise ConfigError(f"{where}: there is no file {path}; allowed: FILE.py:NAME{hint and f'; {hint}'}")
    module = _imported(path, where)
    known = [each for each, value in vars(module).items() if _is_here(value, module)]
    if not colon or not name:
        listed = " or ".join(f"{path}:{each}" for each in known) or "a function that yields commands"
        raise ConfigError(f"{where}: it names no function; allowed: {listed}")
    function = getattr(module, name, None)
    if not callable(function):
        hint = nearest(name, known)
        wrong = f"is {type(function).__name__} and no function" if name in vars(module) else "is not there"
        raise ConfigError(
            f"{where}: {name!r} {wrong}; {path.name} has {', '.join(known) or 'no generator function'}"
            f"{hint and f'; {hint}'}"
        )
    return Own(function, f"{path.name}:{name}", digest_of(path), str(path.resolve()), brief=True)


def rooted(named: str) -> str:
    """Return what loads the same controller as ``named`` does, from whatever folder it is asked for."""
    file, colon, name = named.rpartition(":")
    return f"{Path(file).resolve()}:{name}" if colon else named


def _is_here(value: object, module: ModuleType) -> bool:
    return inspect.isgeneratorfunction(value) and getattr(value, "__module__", "") == module.__name__


def _imported(path: Path, where: str) -> ModuleType:
    title, home = f"lightloop_controller_{path.stem}", str(path.resolve().parent)
    loader = _Source(title, str(path.resolve()))
    spec = spec_from_loader(title, loader)
    if spec is None:
        raise ConfigError(f"{where}: it cannot be imported")
    module = module_from_spec(spec)
    sys.modules[title] = module  # dataclasses look their module up
    sys.path.insert(0, home)  # as when Python runs a file
    try:
        loader.exec_module(module)
    except SyntaxError as error:
        file = Path(error.filename or path).name
        raise ConfigError(f"{where}: {file} line {error.lineno}: {error.msg}") from error
    except SystemExit as error:
        raise ConfigError(f"{where}: it leaves Python while it is imported ({error})") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{where}: {error}; allowed: UTF-8") from error
    except Exception as error:
        raise told_at(str(path), str(path.resolve()), error) from error
    finally:
        if home in sys.path:
            sys.path.remove(home)
    return module


def _installed(name: str) -> Own:
    found = {each.name: each for each in entry_points(group=ENTRY_POINTS)}
    if name not in found:
        hint = nearest(name, found)
        raise ConfigError(
            f"--controller {name[:120]!r} is unknown; allowed: FILE.py:NAME, or what an installed package offers "
            f"as {ENTRY_POINTS}: {', '.join(found) or 'none is installed'}{hint and f'; {hint}'}"
        )
    try:
        function = found[name].load()
    except Exception as error:
        raise ConfigError(
            f"--controller {name}: {found[name].value} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    own = own_of(function)
    return Own(own.function, name, own.source, own.file, brief=True)
