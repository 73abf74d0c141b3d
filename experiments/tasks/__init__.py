"""Learning tasks and the electronic models trained for them; torch is imported only inside functions."""
