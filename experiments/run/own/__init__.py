"""Controllers of the user's own: found, given their arguments, guarded, and named in the study that is recorded."""
