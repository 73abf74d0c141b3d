"""Controllers that read how the outputs change, and step to where their linear model has the least loss."""
