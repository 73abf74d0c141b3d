"""Agents that play the world around a controller: they wait, and disturb what instruments hide."""
