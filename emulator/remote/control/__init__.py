"""The control port of a served bench: whoever has its token plays the world that clients work in."""
