"""A new plugin's package: the template and what fills it in."""
