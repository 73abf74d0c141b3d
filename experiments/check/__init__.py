"""Checks of our own: audits, kills, determinism, damaged files, re-timing."""
