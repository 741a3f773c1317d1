"""Pages of trainings: served while they go on, or kept as one file."""
