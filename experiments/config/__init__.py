"""``lightloop config``: the study that a trace holds."""
