"""StyleGAN: style-based generators (Karras et al. 2019, 2020), as a plugin of ganzoo."""
