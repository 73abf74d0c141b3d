"""Further noise of the receivers: each term is a file here and a line in the registry."""
