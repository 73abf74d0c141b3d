"""Recording a run: journal first, HDF5 at the end."""
