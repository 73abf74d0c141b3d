"""What a projection costs."""
