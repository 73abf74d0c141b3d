"""a * b + c with one rounding, for kernels: the same bits on every machine, whether its processor fuses or not.

Left to the compiler (``fused_kernel``), which products are fused follows from the processor, and from what a
function is compiled into. What is asked for by name is fused everywhere: where there is no such instruction, by the
C library.
"""

from collections.abc import Callable
from typing import Any, Final, cast

from numba.core import types
from numba.extending import intrinsic

__all__ = ["fma"]


def _typed(_typing: Any, a: Any, b: Any, c: Any) -> Any:
    """Return what numba needs to compile it for three doubles."""

    def emit(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    if all(each == types.float64 for each in (a, b, c)):
        return types.float64(a, b, c), emit
    return None


fma: Final = cast(Callable[[float, float, float], float], intrinsic(_typed))
"""``fma(a, b, c)`` is a * b + c of doubles, rounded once."""
