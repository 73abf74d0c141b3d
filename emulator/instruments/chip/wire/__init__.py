"""How a chip is spoken to over a wire."""
