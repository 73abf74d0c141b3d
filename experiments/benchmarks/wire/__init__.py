"""What a question over a loopback socket costs, in multiples of a bare echo."""
