"""What a Sequence leaves in a trace, and what a trace says of one when its loop is closed elsewhere."""
