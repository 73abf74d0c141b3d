"""Controllers that read the light inside the chip."""
