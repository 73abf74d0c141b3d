"""Populations: optimisers of others that have many candidates read before they learn, by ask and tell."""
