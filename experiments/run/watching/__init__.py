"""What is measured while a controller works: loss and accuracy of what the chip or the network does."""
