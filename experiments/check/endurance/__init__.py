"""The house under endurance: seeded simulations that check invariants, planted bugs, and attackers."""
