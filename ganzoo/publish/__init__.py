"""Making a published model of a finished training: the median seed, measured, described, whole."""
