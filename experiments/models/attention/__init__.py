"""The pieces of networks with attention: their modules, and what these ask of the host."""
