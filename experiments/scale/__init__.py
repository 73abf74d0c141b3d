"""Time and energy of training steps at any size, without their numbers."""
