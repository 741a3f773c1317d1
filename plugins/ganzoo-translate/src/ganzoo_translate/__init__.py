"""From picture to picture: pairs of any data set, U-Nets and their games, a plugin of ganzoo."""
