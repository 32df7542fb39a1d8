"""digitbox: the daemon that reads handwritten digits aloud."""

__version__ = "0.1.0"
