"""The words of a bench: a table of all that can be said to it, made of its kinds of instrument."""
