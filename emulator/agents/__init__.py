"""Agents on the bench: what one is, and the desk at which commands are answered that occupy no instrument."""
