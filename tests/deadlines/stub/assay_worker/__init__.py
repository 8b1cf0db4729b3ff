"""A hub that never answers, for test_deadlines.py."""
