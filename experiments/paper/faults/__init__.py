"""What faults cost a training, and what of it a guard gets back."""
