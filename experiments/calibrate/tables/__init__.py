"""Presets fitted to tables of measured calls, without a trace."""
