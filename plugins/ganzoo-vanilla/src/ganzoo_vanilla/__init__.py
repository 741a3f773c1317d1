"""Vanilla GAN: multilayer perceptrons (Goodfellow et al. 2014), as a plugin of ganzoo."""
