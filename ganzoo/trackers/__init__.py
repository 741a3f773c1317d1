"""The core's trackers: thin adapters around libraries that the user installs."""
