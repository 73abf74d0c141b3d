"""A reading is of the inputs that its command was given, whatever they are called and however they are stored."""

MODES, FOUR = 6, 4
