"""``lightloop inspect``: what a trace says."""
