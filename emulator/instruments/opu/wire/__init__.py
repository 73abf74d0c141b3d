"""How an optical processing unit is spoken to over a wire."""
