"""Networks that studies train."""
