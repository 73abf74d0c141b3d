"""What the exact gradient of a chip as it was made could reach with its active phases: an oracle's answer."""
