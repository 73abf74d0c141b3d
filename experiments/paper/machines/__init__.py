"""Experiments of our own on machines: what settling, receivers and links do to a controller."""
