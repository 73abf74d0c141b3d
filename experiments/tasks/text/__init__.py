"""Tasks of text: what it is cut into, what is learnt of it, and what judges that."""
