"""Experiments of the paper on SZO-SCD."""
