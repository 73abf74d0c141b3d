"""The decorator that compiles a kernel with numba, and where and for what its machine code is made.

Numba notices an edit of a cached function's own file, but not of the files of the functions it calls or of the
constants it uses; so the cache folder carries a digest of the sources of all packages whose kernels do either, and
a stale kernel cannot be loaded.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from llvmlite import binding
from numba import config, njit

from emulator.config.places import cache_folder, expanded
from emulator.kernel.cache import KernelCache, prepared

__all__ = ["bare_kernel", "fused_kernel", "inlined", "kernel", "part"]

_LINKED: Final = ("kernel", "physics", "retiming")
"""The package that says how kernels are compiled, and those whose kernels use what stands in other files."""

_Function = TypeVar("_Function", bound=Callable[..., object])


_ROOT: Final = Path(__file__).parents[1]


def _cache_name() -> str:
    digest = hashlib.blake2b(digest_size=8)
    for package in _LINKED:
        for source in sorted((_ROOT / package).rglob("*.py")):
            digest.update(source.read_bytes())
    return f"kernels-{digest.hexdigest()}"


def _configure() -> None:
    """Set numba's cache folder, and let LLVM use 512-bit vectors where the processor has them.

    Tuned for the host, LLVM would prefer 256 bits; light and noise take a third less time with 512. The numbers
    are the same, because no kernel reassociates. What the user has set in numba's environment stays.
    """
    global _cached  # noqa: PLW0603  (numba's settings are those of the process, too)
    if not config.CACHE_DIR:  # type: ignore[attr-defined]  # numba fills its config at run time
        folder = prepared(cache_folder(expanded(Path("~", ".cache", "lightloop"))), _cache_name())
        _cached = folder is not None
        config.CACHE_DIR = str(folder or "")  # type: ignore[attr-defined]
    features = binding.get_host_cpu_features()
    if not config.CPU_NAME and features.get("avx512f"):  # type: ignore[attr-defined]
        config.CPU_NAME = "generic"  # type: ignore[attr-defined]
        config.CPU_FEATURES = features.flatten()  # type: ignore[attr-defined]


_cached = True
"""Whether machine code is kept; where no folder is safe and writable it is not, which costs time only."""

_configure()


def _compiled(function: _Function, **options: Any) -> _Function:
    dispatcher = njit(error_model="numpy", **options)(function)
    if _cached:
        with suppress(RuntimeError):  # numba finds no place where it may write
            dispatcher._cache = KernelCache(function)
    return cast(_Function, dispatcher)


def kernel(function: _Function) -> _Function:
    """Compile ``function`` serially, with IEEE division (no ZeroDivisionError) and no reassociation."""
    return _compiled(function, _nrt=True)


def bare_kernel(function: _Function) -> _Function:
    """Compile ``function`` as ``kernel`` does, where it neither makes arrays, nor returns any, nor assigns slices.

    Who uses an array need not be counted then, wherever one is sliced or handed on, which would take a tenth of a
    query's time. Numba refuses to compile what does any of these.
    """
    return _compiled(function, _nrt=False)


def fused_kernel(function: _Function) -> _Function:
    """Compile ``function`` as ``kernel`` does, but let a * b + c be rounded once, where the processor can.

    It then is in every such place, in vectors and in what remains of them: no result depends on where a loop ends.
    """
    return _compiled(function, fastmath={"contract"}, _nrt=True)


def part(function: _Function) -> _Function:
    """Compile ``function`` like a bare kernel, as a part of the kernels that call it: arguments need no stack.

    For functions that take a structure of many arrays, which would be copied word by word at every call.
    """
    return _compiled(function, forceinline=True, _nrt=False)


def inlined(function: _Function) -> _Function:
    """Compile ``function`` into each kernel that calls it, where a call would cost more than the work."""
    return cast(_Function, njit(inline="always", error_model="numpy")(function))
