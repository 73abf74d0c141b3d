"""Graphics processors on the bench, timed and paid for; nothing is computed on them."""
