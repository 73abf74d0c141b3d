"""Reading a finished trace, checked before it is handed out."""
