"""Tasks that the user brings: samples of their own, or one matrix, and what judges values."""
