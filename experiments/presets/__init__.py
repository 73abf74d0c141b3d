"""``lightloop presets``."""
