"""Instruments that pass on what is asked of them to those at the end of a wire."""
