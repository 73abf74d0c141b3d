"""The compiler of kernels, and where their machine code is kept between runs."""

from emulator.kernel.compiling import fused_kernel, inlined, kernel, part

__all__ = ["fused_kernel", "inlined", "kernel", "part"]
