"""``lightloop whatif``: a recorded run under other parameters."""
