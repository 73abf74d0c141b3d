"""The physics of the chip: meshes, heat, converters, receivers."""
