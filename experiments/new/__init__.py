"""Files to start from: a controller, a preset, a study, a task."""
