"""A generator that writes one character after another, and learns through its choices."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from ganzoo import Generator
from ganzoo_text.networks import shape_of

#: Normal latents beyond this are cut: float32 cannot tell their probabilities from 0 or 1.
LARGEST = 5.0


def gumbel_noise(latents: Tensor) -> Tensor:
    """Normal latents as draws from Gumbel's distribution: -log(-log(u)) with u = Phi(latent)."""
    uniform = (1 + torch.erf(latents.clamp(-LARGEST, LARGEST) / math.sqrt(2))) / 2
    return -(-uniform.log()).log()


class RecurrentGenerator(Generator):
    """Latents [N, characters * length] -> text, one-hot [N, characters, length].

    A recurrent network (Cho et al. 2014, GRU) scores the next character after those written. The
    latents are the choice among them: each is the noise of one character at one place, and the
    highest sum of score and Gumbel noise is written. That draws every character with its
    probability (Maddison et al. 2014), and a text is a function of its latents.

    Gradients pass a choice as if it were softmax((scores + noise) / temperature): straight-through
    Gumbel-softmax (Jang et al. 2017, section 2.2).
    """

    def __init__(
        self,
        sample_shape: Sequence[int] = (27, 13),
        width: int = 128,
        temperature: float = 1.0,
    ) -> None:
        super().__init__()
        if not temperature > 0:
            raise ValueError(f"temperature must be above 0, found {temperature}")
        self.sample_shape, self.temperature = shape_of(sample_shape), temperature
        characters, length = self.sample_shape
        self.latent_dim = characters * length
        self.memory = nn.GRUCell(characters, width)
        self.scores = nn.Linear(width, characters)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents [N, D] -> text [N, characters, length], one-hot."""
        noise = gumbel_noise(latents).view(-1, *self.sample_shape).unbind(2)
        written: list[Tensor] = []
        state = latents.new_zeros(len(latents), self.memory.hidden_size)
        last = latents.new_zeros(len(latents), self.sample_shape[0])
        for gumbel in noise:
            state = self.memory(last, state)
            last = self.choose(self.scores(state) + gumbel)
            written.append(last)
        return torch.stack(written, 2)

    def choose(self, noisy_scores: Tensor) -> Tensor:
        """The highest of noisy scores [N, characters], one-hot, with the gradient of a softmax."""
        highest = noisy_scores.argmax(1, keepdim=True)
        chosen = torch.zeros_like(noisy_scores).scatter_(1, highest, 1.0)
        if not torch.is_grad_enabled():
            return chosen
        soft = (noisy_scores / self.temperature).softmax(1)
        return chosen + (soft - soft.detach())

    def log_likelihood(self, text: Tensor) -> Tensor:
        """The log probability of each text, one-hot [N, characters, length] -> [N], in nats."""
        logs = torch.stack([*self._log_probabilities(text)], 2)
        return (logs * text).sum((1, 2))

    def _log_probabilities(self, text: Tensor) -> Iterator[Tensor]:
        """The log probabilities [N, characters] of each place after the text before it."""
        state = text.new_zeros(len(text), self.memory.hidden_size)
        before = torch.zeros_like(text[:, :, 0])
        for character in text.unbind(2):
            state = self.memory(before, state)
            yield self.scores(state).log_softmax(1)
            before = character
