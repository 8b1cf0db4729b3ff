"""The worker process: engines, hub client and graders that live in Python."""

__version__ = "0.1.0"
PROTOCOL = 2
