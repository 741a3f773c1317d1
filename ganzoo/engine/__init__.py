"""The shared training engine."""
