"""What a query of the chip costs."""
