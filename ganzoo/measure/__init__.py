"""Measuring models: what is drawn, what is real, the figures between them, and their spread."""
