"""The template of a plugin's package, and what fills it in."""
