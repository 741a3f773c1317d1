"""The core's data sets."""
