"""``lightloop check guard``: what the guard finds of faults, how soon, and what it finds where there is none."""
