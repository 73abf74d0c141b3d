"""Faults that agents play: what breaks or drifts on a bench, by the door that instruments leave open for it."""
