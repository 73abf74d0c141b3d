"""A run whose bench stands elsewhere, at the end of a wire."""
