"""A trace as a timeline for the viewers of others."""
