"""Bugs that are planted, one at a time, to see whether the simulation of random benches finds them."""
