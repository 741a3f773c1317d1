"""The core's trackers: thin adapters, each around a library of its own that the user installs."""
