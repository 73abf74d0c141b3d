"""What every command prints and writes with: tables, JSON, sources."""
