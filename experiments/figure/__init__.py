"""The figures of a trace, one module a kind; ``experiments.figure.kinds`` chooses among them and writes files."""
