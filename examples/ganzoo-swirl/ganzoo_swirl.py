"""A GAN for points on two spiral arms: a plugin of ganzoo in one file.

Parts are functions, so that torch is imported where a part is built and not with the plugin.
"""

from ganzoo import hookimpl


@hookimpl
def ganzoo_datasets():
    return {"swirl": "ganzoo_swirl:swirl"}


@hookimpl
def ganzoo_generators():
    return {"swirl": "ganzoo_swirl:generator"}


@hookimpl
def ganzoo_discriminators():
    return {"swirl": "ganzoo_swirl:discriminator"}


def swirl(noise=0.1, length=20_000, seed=0):
    """Points around two spirals r = 1 + 3u, angle = pi (r / 2 + arm); labels are the arms."""
    import torch

    from ganzoo import Dataset

    rng = torch.Generator().manual_seed(seed)
    arms, radius = torch.arange(length) % 2, 1 + 3 * torch.rand(length, generator=rng)
    points = torch.view_as_real(torch.polar(radius, torch.pi * (radius / 2 + arms)))
    points = points + noise * torch.randn(length, 2, generator=rng)

    class Swirl(Dataset):
        kind, value_range, sample_shape, num_classes = "points", None, (2,), 2

        def __len__(self):
            return length

        def batch(self, indices):
            return points[indices.cpu()], arms[indices.cpu()]

    return Swirl()


def generator(latent_dim=4, width=96):
    from ganzoo import Generator

    class Swirler(Generator):
        sample_shape = (2,)

        def forward(self, latents, labels=None):
            return self.layers(latents)

    net = Swirler()
    net.latent_dim, net.layers = latent_dim, mlp(latent_dim, width, 2)
    return net


def discriminator(width=96):
    from ganzoo import Discriminator

    class Judge(Discriminator):
        sample_shape, independent = (2,), True

        def forward(self, samples, labels=None):
            return self.layers(samples).squeeze(1)

    net = Judge()
    net.layers = mlp(2, width, 1)
    return net


def mlp(inputs, width, outputs):
    from torch.nn import LeakyReLU, Linear, Sequential

    hidden = (Linear(inputs, width), LeakyReLU(0.2), Linear(width, width), LeakyReLU(0.2))
    return Sequential(*hidden, Linear(width, outputs))
