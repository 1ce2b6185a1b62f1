"""The composition root: the only room that wires the daemon's rooms together."""
