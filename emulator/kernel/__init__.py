"""The compiler of kernels, and where their machine code is kept between runs."""

from emulator.kernel.compiling import bare_kernel, fused_kernel, inlined, kernel, part

__all__ = ["bare_kernel", "fused_kernel", "inlined", "kernel", "part"]
