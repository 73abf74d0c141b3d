"""The streams of a process: what is written to a terminal, a pipe or a log, and how."""
