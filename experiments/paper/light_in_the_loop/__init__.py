"""Experiments of Light-in-the-loop."""
