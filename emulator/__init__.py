"""The emulated photonics laboratory: instruments, clock, meter and trace; it knows nothing of controllers."""
