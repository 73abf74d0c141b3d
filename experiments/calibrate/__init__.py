"""``lightloop calibrate``: fit a preset's timing to measured latencies."""
