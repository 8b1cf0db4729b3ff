"""The worker process: engines, hub client and graders that live in Python."""
