"""``lightloop keys``: what may be set in a study."""
