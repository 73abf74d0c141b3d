"""The server: sockets, clients as agents, and the pace at which emulated time passes."""
