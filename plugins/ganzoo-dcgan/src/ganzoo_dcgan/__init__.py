"""DCGAN: convolutions with stride (Radford et al. 2016), as a plugin of ganzoo."""
