"""One self-contained page about traces."""
