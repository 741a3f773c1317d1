"""WaveGAN (Donahue, McAuley and Puckette 2019, section 3), small enough for one core.

As in the paper: filters of 25 taps, strides of 4, no batch norm, phase shuffle of 2. Unlike it:
1,024 samples in place of 16,384, three layers in place of five, a pitch to play (Odena et al.
2017), and a discriminator that names the pitch it hears.
"""

import torch
from torch import nn
from torch.nn import functional as F

from ganzoo import Discriminator, Generator
from ganzoo.layers import LeakyReLU

FRAMES = 16  # steps in time of the coarsest layer; three strides of 4 make 1,024 of them


class WaveGenerator(Generator):
    """Latents [N, D] and pitches [N] -> clips [N, 1, 1024] in [-1, 1]."""

    sample_shape = (1, FRAMES * 4**3)

    def __init__(self, latent_dim=32, width=16, num_classes=5):
        super().__init__()
        self.latent_dim, self.num_classes = latent_dim, num_classes

        def up(inputs, outputs):
            return nn.ConvTranspose1d(inputs, outputs, 25, 4, padding=11, output_padding=1)

        self.layers = nn.Sequential(
            nn.Linear(latent_dim + num_classes, 4 * width * FRAMES),
            nn.Unflatten(1, (4 * width, FRAMES)),
            nn.ReLU(),
            up(4 * width, 2 * width),
            nn.ReLU(),
            up(2 * width, width),
            nn.ReLU(),
            up(width, 1),
            nn.Tanh(),
        )

    def sample_latents(self, n, *, rng):
        """Normal, except the last two: a point on the circle, because a phase is periodic."""
        normal = torch.randn(n, self.latent_dim - 2, generator=rng)
        turn = 2 * torch.pi * torch.rand(n, 1, generator=rng)
        return torch.cat([normal, turn.cos(), turn.sin()], 1)

    def forward(self, latents, labels=None):
        pitch = F.one_hot(labels, self.num_classes).to(latents)
        return self.layers(torch.cat([latents, pitch], 1))


class PhaseShuffle(nn.Module):
    """Shift each row of [N, C, T] by -n to n steps in training, filled up by reflection (fig. 4).

    It keeps the discriminator from judging by the phase at which artefacts of the strides recur.
    Shifts come from torch's own generator, which ganzoo seeds at every turn.
    """

    def __init__(self, n):
        super().__init__()
        self.n = n

    def forward(self, x):
        if not (self.training and self.n):
            return x
        n, steps = self.n, x.shape[2]
        # Slices, since the gradient of reflection padding is not the same twice on a GPU.
        x = torch.cat([x[..., 1 : n + 1].flip(2), x, x[..., -n - 1 : -1].flip(2)], 2)
        shift = torch.randint(2 * n + 1, (len(x), 1, 1), device=x.device)
        rows = shift + torch.arange(steps, device=x.device)
        return x.gather(2, rows.expand(-1, x.shape[1], -1))

    def extra_repr(self):
        return str(self.n)


class WaveDiscriminator(Discriminator):
    """Clips [N, 1, 1024] -> scores [N]; publishes the `classes` [N, K] that it hears.

    It is never told a pitch: `num_classes` says how many it tells apart.
    """

    sample_shape = (1, FRAMES * 4**3)
    independent = True

    def __init__(self, width=16, num_classes=5, shuffle=2):
        super().__init__()
        self.num_classes = num_classes

        def down(inputs, outputs):
            return [nn.Conv1d(inputs, outputs, 25, 4, padding=11), LeakyReLU(0.2)]

        self.layers = nn.Sequential(
            *down(1, width),
            PhaseShuffle(shuffle),
            *down(width, 2 * width),
            PhaseShuffle(shuffle),
            *down(2 * width, 4 * width),
            nn.Flatten(),
        )
        self.head = nn.Linear(4 * width * FRAMES, 1 + num_classes)

    def forward(self, samples, labels=None):
        return self.outputs(samples, labels)["scores"]

    def outputs(self, samples, labels=None):
        heard = self.head(self.layers(samples))
        return {"scores": heard[:, 0], "classes": heard[:, 1:]}
