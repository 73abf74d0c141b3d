"""Controllers that know the loss only: they try a phase and ask again."""
