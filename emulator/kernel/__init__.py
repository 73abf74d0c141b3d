"""The compiler of kernels, and where their machine code is kept between runs."""

from emulator.kernel.compiling import bare_kernel, fused_kernel, inlined, kernel, part
from emulator.kernel.fused import fma

__all__ = ["bare_kernel", "fma", "fused_kernel", "inlined", "kernel", "part"]
