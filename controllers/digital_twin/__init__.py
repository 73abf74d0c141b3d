"""Controllers that keep a model of the chip: its nominal mesh, corrected by what has been read of it."""
