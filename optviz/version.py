"""Which optviz this is, for all that says what it was made with."""

__version__ = "0.1.0"
