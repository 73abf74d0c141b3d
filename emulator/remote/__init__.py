"""The bench on a wire: a server that speaks SCPI, and a client that drives any instrument that does."""
