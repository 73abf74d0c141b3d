"""What no instrument can know of a chip, for oracles: they say of themselves that they are."""
