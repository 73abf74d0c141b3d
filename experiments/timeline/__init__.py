"""Timelines of traces as files for trace viewers."""
