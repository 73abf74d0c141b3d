"""The host on the bench."""
