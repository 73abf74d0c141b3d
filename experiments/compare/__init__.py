"""``lightloop compare``."""
