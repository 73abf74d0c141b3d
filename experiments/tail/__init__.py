"""A run that lasts, followed line by line."""
