"""The algorithms that tune a chip: plain generators of commands, which never see an instrument."""
