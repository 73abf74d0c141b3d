"""The OPU under the names of lightonml."""
