"""Protocols of papers, and the networks they ask for, as a plugin of ganzoo."""
