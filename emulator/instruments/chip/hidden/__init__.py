"""What a chip hides, and may change while it works: its heaters, drivers, receivers, laser and substrate."""
