"""Pure functions of (parameters, state, input, dt, random words): no SimPy, no clock, no file."""
