"""Climate emulation: from what is emitted to maps of annual surface air temperature."""
