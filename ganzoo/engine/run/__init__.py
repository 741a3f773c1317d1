"""A run around the engine: its folder, checkpoints, metrics, grids, film, progress and export."""
