"""Music as piano rolls: data, networks, figures and writers, as a plugin of ganzoo."""
