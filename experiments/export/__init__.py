"""``lightloop export``: the tables of a trace for other programs."""
