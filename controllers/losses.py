"""The loss that a controller computes from a reading; the chip's sequencer computes the same, bit for bit."""

from emulator.physics.chip.loss import cross_entropy

__all__ = ["cross_entropy"]
