"""What a trace means: ledgers, causes, critical paths; nothing is written."""
