"""``lightloop replay``: rerun, timed or closed."""
