"""``lightloop check attack``: what hostile clients of a served bench cost honest ones."""
