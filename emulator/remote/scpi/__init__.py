"""The language: messages, values, errors and status, by IEEE 488.2 and SCPI-1999; it knows no instrument."""
