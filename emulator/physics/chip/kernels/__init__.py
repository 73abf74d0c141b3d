"""The compiled physics of a chip: its state as one value, light through its meshes, readings and sequences."""
