"""The tour of the laboratory: two recoveries and a training with light."""
