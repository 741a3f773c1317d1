"""Wasserstein GANs: clipping, gradient penalty, Lipschitz penalty, as a plugin of ganzoo."""
