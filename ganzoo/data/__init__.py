"""The core's data sets, and how samples are written."""
