"""Experiments of Z. Wang et al., arXiv 2409.12965: modern networks trained with light, beside other ways."""
