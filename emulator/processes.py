"""Processes that run a module of our own: how such a module is named, and how the child finds it.

No name or place is spelled out here or by a caller: a clone has its packages at its root, while an installed
Lightloop has them inside the package ``lightloop`` (docs/adr/0013). It does not start or wait for a process.
"""

import os
import sys
import sysconfig
from pathlib import Path
from typing import Final

__all__ = ["child_environment", "module_command"]

_ROOT: Final = Path(__file__).resolve().parents[__name__.count(".")]
"""The folder that holds the outermost package of this module."""


def module_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs ``module`` as a program.

    ``module`` comes from a module object or from ``__package__``. The child looks for it where this process's own
    modules are, never in the folder in which it happens to start.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def child_environment(**changes: str) -> dict[str, str]:
    """Return this process's environment with ``changes``, in which a child finds the packages that run here."""
    environment = {**os.environ, **changes}
    # What is installed is found anyway; put first, its neighbours could hide a module of the standard library.
    if Path(sysconfig.get_path("purelib")).resolve() != _ROOT:
        path = filter(None, [str(_ROOT), environment.get("PYTHONPATH")])
        environment["PYTHONPATH"] = os.pathsep.join(path)
    return environment
