"""A guard between a controller and its bench: it notices faults by what a controller sees, and helps it go on."""
