"""``lightloop run``: a study becomes a trace."""
