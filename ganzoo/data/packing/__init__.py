"""Packs: a folder's images in one form, decoded once and read row by row."""
