"""State and timing around the physics: the instruments that serve commands on the bench."""
