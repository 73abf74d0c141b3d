"""The figures of a trace, one module a kind; ``experiments.figures`` chooses among them and writes files."""
