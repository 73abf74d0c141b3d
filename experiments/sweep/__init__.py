"""Many runs: their points, and the engine that makes them."""
