"""Pages that show models and trainings in a browser, as a plugin of ganzoo."""
