"""Faces that users of other libraries know; each tells the emulated seconds and joules that its calls cost."""
