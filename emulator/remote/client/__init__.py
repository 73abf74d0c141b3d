"""The other way round: controllers of ours drive an instrument on a wire, in the words of its dialect."""
