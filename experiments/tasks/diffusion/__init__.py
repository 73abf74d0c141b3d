"""Diffusion of pictures: what is learnt is the way back from noise to a picture of the class that is asked for."""
