"""MuseGAN's generator (Dong et al. 2018, arXiv 1709.06298) for rolls of few pitches, on a CPU.

The paper's hybrid model makes each track with a generator of its own from four latents: one that
all tracks share and one of the track's own, each of them once for the whole phrase and once as a
sequence over its bars. Here bars are maps [width, bars] that two convolutions stretch to beats and
to steps; the tracks' own generators are the groups of one convolution.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ganzoo import Discriminator, Generator

#: Bars are stretched to this many beats, and beats to the steps that are left.
BEATS = 4
SLOPE = 0.2


class Stage(nn.Module):
    """Stretches maps [N, groups * width, places] `factor` times, then mixes neighbours."""

    def __init__(self, width: int, groups: int, factor: int) -> None:
        super().__init__()
        whole = width * groups
        self.layers = nn.Sequential(
            nn.ConvTranspose1d(whole, whole, factor, stride=factor, groups=groups),
            nn.BatchNorm1d(whole),
            nn.LeakyReLU(SLOPE),
            nn.Conv1d(whole, whole, 3, padding=1, groups=groups),
            nn.BatchNorm1d(whole),
            nn.LeakyReLU(SLOPE),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """[N, groups * width, places] -> [N, groups * width, factor * places]."""
        stretched: Tensor = self.layers(maps)
        return stretched


class Bars(nn.Module):
    """Latents of a phrase and of a sequence over bars -> maps [N, groups * width, bars].

    `latents` [N, groups, 2 * size]: the first half is the same in each bar, the second half
    becomes a sequence (the paper's temporal generator).
    """

    def __init__(self, size: int, width: int, groups: int, bars: int) -> None:
        super().__init__()
        self.bars, self.size = bars, size
        self.sequence = nn.Sequential(
            nn.Conv1d(groups * size, groups * bars * size, 1, groups=groups),
            nn.LeakyReLU(SLOPE),
        )
        self.mix = nn.Sequential(
            nn.Conv1d(groups * 2 * size, groups * width, 3, padding=1, groups=groups),
            nn.BatchNorm1d(groups * width),
            nn.LeakyReLU(SLOPE),
        )

    def forward(self, latents: Tensor) -> Tensor:
        """[N, groups, 2 * size] -> [N, groups * width, bars]."""
        n, groups, _ = latents.shape
        phrase, seeds = latents.split(self.size, 2)
        sequence = self.sequence(seeds.reshape(n, -1, 1)).view(n, groups, self.size, self.bars)
        both = torch.cat([phrase[..., None].expand_as(sequence), sequence], 2)
        maps: Tensor = self.mix(both.flatten(1, 2))
        return maps


class MuseGAN(Generator):
    """Latents [N, D] -> rolls [N, tracks, steps, pitches] in [0, 1]."""

    def __init__(
        self,
        sample_shape: Sequence[int] = (4, 64, 54),
        condition_shape: Sequence[int] | None = None,
        bars: int = 4,
        width: int = 48,
        shared_width: int = 96,
        latent_size: int = 16,
        relax: str = "softmax",
    ) -> None:
        super().__init__()
        tracks, steps, pitches = self.sample_shape = tuple(sample_shape)
        self.condition_shape = None if condition_shape is None else tuple(condition_shape)
        self.made = tracks - (condition_shape is not None)
        self.latent_dim = 2 * latent_size * (1 + self.made)
        self.pitches, self.latent_size, self.relax = pitches, latent_size, relax
        per_beat = steps // (bars * BEATS)
        self.shared = Bars(latent_size, shared_width, 1, bars)
        self.private = Bars(latent_size, width, self.made, bars)
        self.shared_stage = Stage(shared_width, 1, BEATS)
        self.track_stage = Stage(width, self.made, BEATS)
        self.last = nn.Sequential(
            nn.Conv1d(width * self.made, width * self.made, 3, padding=1, groups=self.made),
            nn.BatchNorm1d(width * self.made),
            nn.LeakyReLU(SLOPE),
        )
        self.heard = nn.ModuleList(
            nn.Conv1d(shared_width, width * self.made, 1) for _ in range(2)
        )
        self.out = nn.ConvTranspose1d(
            width * self.made, (pitches + 1) * self.made, per_beat, stride=per_beat, groups=self.made
        )
        if condition_shape is not None:
            self.read = nn.ModuleList(
                [
                    nn.Conv1d(pitches, shared_width, per_beat, stride=per_beat),
                    nn.Conv1d(shared_width, shared_width, BEATS, stride=BEATS),
                ]
            )

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        logits = self.logits(latents, labels)
        if self.relax == "gumbel" and self.training:
            logits = logits - torch.empty_like(logits).exponential_().log()
        soft = logits.softmax(2)
        if not self.training or self.relax == "straight":
            hard = torch.zeros_like(soft).scatter_(2, soft.argmax(2, keepdim=True), 1.0)
            soft = hard if not self.training else hard + (soft - soft.detach())
        rolls = soft[:, :, :-1].transpose(2, 3)
        return rolls if labels is None else torch.cat([labels, rolls], 1)

    def logits(self, latents: Tensor, labels: Tensor | None) -> Tensor:
        n = len(latents)
        latents = latents.view(n, 1 + self.made, -1)
        shared = self.shared(latents[:, :1])
        beats = None
        if self.condition_shape is not None:
            beats = self.read[0](labels[:, 0].transpose(1, 2))
            shared = shared + self.read[1](nn.functional.leaky_relu(beats, SLOPE))
        tracks = self.private(latents[:, 1:]) + self.heard[0](shared)
        shared = self.shared_stage(shared)
        if beats is not None:
            shared = shared + beats
        tracks = self.last(self.track_stage(tracks) + self.heard[1](shared))
        return self.out(tracks).view(n, self.made, self.pitches + 1, -1)


class MusicCritic(Discriminator):
    """Rolls -> scores [N]."""

    independent = True

    def __init__(
        self,
        sample_shape: Sequence[int] = (4, 64, 54),
        condition_shape: Sequence[int] | None = None,
        bars: int = 4,
        width: int = 128,
    ) -> None:
        super().__init__()
        tracks, steps, pitches = self.sample_shape = tuple(sample_shape)
        self.condition_shape = None if condition_shape is None else tuple(condition_shape)
        factor = steps // (bars * BEATS)
        act = lambda: nn.LeakyReLU(SLOPE)
        self.layers = nn.Sequential(
            nn.Conv1d(tracks * (pitches + 13), width, factor, stride=factor), act(),
            nn.Conv1d(width, width, 3, padding=1), act(),
            nn.Conv1d(width, width, 3, padding=1), act(),
            nn.Conv1d(width, 2 * width, BEATS, stride=BEATS), act(),
            nn.Flatten(), nn.Linear(2 * width * bars, 1), nn.Flatten(0),
        )

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        n, tracks, steps, pitches = samples.shape
        pad = nn.functional.pad(samples, (0, -pitches % 12))
        chroma = pad.view(n, tracks, steps, -1, 12).sum(3)
        held = (samples[:, :, 1:] * samples[:, :, :-1]).sum(3, keepdim=True)
        onset = 1 - nn.functional.pad(held, (0, 0, 1, 0))
        seen = torch.cat([samples, chroma, onset], 3)
        return self.layers(seen.transpose(2, 3).flatten(1, 2))
