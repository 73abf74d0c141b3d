"""Strict, frozen configuration: models, TOML, presets, amounts with units."""
