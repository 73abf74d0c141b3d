"""A training step as a graph of operations, played on GPU and light without its numbers."""
