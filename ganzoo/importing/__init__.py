"""Importing weights into a model folder: each tensor is matched, or the import is refused."""
