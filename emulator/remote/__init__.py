"""The bench on a wire: a server that speaks SCPI to laboratory clients."""
