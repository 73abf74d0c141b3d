"""Training time at any size, as ODFA's Figure 4 shows it, and the law behind it."""
