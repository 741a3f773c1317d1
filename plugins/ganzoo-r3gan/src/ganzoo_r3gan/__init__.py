"""R3GAN: the modern baseline (Huang et al. 2024), as a plugin of ganzoo."""
