"""Light that passes when the monitors at the heaters are read, and the service of Monitor."""
