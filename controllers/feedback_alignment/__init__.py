"""Controllers that train an electronic network with its error projected at random, by light or by a matrix."""
