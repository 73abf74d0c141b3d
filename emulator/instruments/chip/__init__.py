"""The MZI-mesh chip on the bench."""
