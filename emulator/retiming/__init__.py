"""Closed re-timing: a recorded run's commands under other parameters; no physics, the readings stay."""
