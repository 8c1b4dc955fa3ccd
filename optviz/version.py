"""The version of optviz, for everything that says what it was made with."""

__version__ = "0.1.0"
