"""Letters and drawn faces: data sets that need no download, as a plugin of ganzoo."""
