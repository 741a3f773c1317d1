"""Exporters that need nothing and those that go wrong, and generators that are hard to export."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from ganzoo import GanzooError, Generator, Model


def text(model: Model, path: Path, *, times: int = 1) -> str:
    path.with_name(f"{path.name}.txt").write_text(model.card.name * times)
    return f"a name,\n {times} time"


def page(model: Model, path: Path, *, title: str = "", count: int = 1) -> str:
    path.mkdir()
    (path / "index.html").write_text(str(title))
    return f"{count} page"


def torn(model: Model, path: Path) -> str:
    path.with_name("a.1").touch()
    path.with_name("b").touch()
    return "two files"


def picky(model: Model, path: Path) -> str:
    path.touch()
    raise GanzooError(f"{model.card.name} is too small")


def buggy(model: Model, path: Path) -> str:
    path.mkdir()
    return f"{1 // 0}"


# --- Generators that are hard to export -------------------------------------------------------


class Points(Generator):
    """Latents [N, 4] -> points [N, 2]."""

    latent_dim, sample_shape = 4, (2,)

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 2)

    def forward(self, latents, labels=None):
        return self.layer(latents)


class Counted(Points):
    """Counts its rows by Python's len, which is a constant for torch.export's quicker way."""

    def forward(self, latents, labels=None):
        return self.layer(latents) + torch.zeros(len(latents), 2)


class Noisy(Points):
    """Adds noise of several laws, some of it for all samples alike."""

    def forward(self, latents, labels=None):
        made = self.layer(latents)
        made = made + torch.randn_like(made) + torch.rand(len(latents), 2) + torch.randn(2)
        made = made + 0.1 * torch.empty(made.shape).normal_(1.0, 2.0)
        made = made + torch.empty_like(made).exponential_(2.0)
        return nn.functional.dropout(made, 0.25, training=True)


class Dropping(Points):
    """Drops in training alone, and says so to torch at every call."""

    def forward(self, latents, labels=None):
        return nn.functional.dropout(self.layer(latents), 0.5, training=self.training)


class Diced(Points):
    """Draws by a law that is not known."""

    def forward(self, latents, labels=None):
        return self.layer(latents) * torch.poisson(latents.abs())[:, :2]


class Undecided(Points):
    """Decides by the values of a batch."""

    def forward(self, latents, labels=None):
        return self.layer(latents if latents.sum() > 0 else -latents)


class Bessel(Points):
    """Uses an operator that ONNX has not."""

    def forward(self, latents, labels=None):
        return self.layer(torch.special.bessel_j0(latents))
