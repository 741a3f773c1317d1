"""A model's two networks, built from its card and filled from its files."""

from __future__ import annotations

from typing import Any, TypeVar

import torch
from torch import Tensor

from ganzoo import sampling
from ganzoo.build import build
from ganzoo.cards import Card
from ganzoo.conditions import read_conditions
from ganzoo.errors import CardError, UsageError, WeightsError
from ganzoo.hub.intact import is_damaged
from ganzoo.interfaces import Discriminator, Generator, StyleGenerator
from ganzoo.sampling import Labeller
from ganzoo.seeds import derive
from ganzoo.specs import CONDITIONS_FILE, DISCRIMINATOR_FILE, GENERATOR_FILE, FileRecord
from ganzoo.weights import load_weights
from ganzoo.weights.unfilled import built

P = TypeVar("P", Generator, Discriminator)

#: Each player's name in config.json, and its file.
PLACES = {
    Generator: ("generator", GENERATOR_FILE),
    Discriminator: ("discriminator", DISCRIMINATOR_FILE),
}


def read_player(interface: type[P], card: Card, record: FileRecord) -> P:
    """A network with its weights; if they are damaged in the cache, the error says what to do."""
    name, file = PLACES[interface]
    network, path = unfilled_player(interface, card), card.folder / file
    try:
        load_weights(path, network, record, part=getattr(card.require_usable(), name).name)
    except WeightsError as error:
        if not card.origin or not path.is_file() or not is_damaged(path):
            raise
        raise WeightsError(
            f"{error}: `ganzoo cache prune {card.origin}` removes it, and the next use fetches it"
        ) from None
    return network


def unfilled_player(interface: type[P], card: Card) -> P:
    """A network whose weights are about to be loaded, no bigger than their file allows.

    Whatever the file lacks (a buffer that is not saved) is drawn as in its training.
    """
    name, file = PLACES[interface]
    config, path = card.require_usable(), card.folder / file
    return built(
        lambda: build(interface, getattr(config, name)),
        seed=derive(config.recipe.seed, name),
        file_bytes=path.stat().st_size if path.is_file() else None,
    )


def labeller_of(generator: Generator, card: Card) -> Labeller:
    """The labels or conditions of samples for which none are given: from the card or its folder."""
    config = card.require_usable()
    if (shape := generator.condition_shape) is not None:
        path, record = card.folder / CONDITIONS_FILE, config.files.get(CONDITIONS_FILE)
        if record is None and not (card.status == "running" and path.is_file()):
            return Labeller()
        return Labeller(conditions=read_conditions(path, tuple(shape), record))
    shares, classes = config.class_shares, generator.num_classes
    if shares and classes is not None and len(shares) != classes:
        raise CardError(
            f"{card.name}: class_shares of its card list {len(shares)} classes, its generator has "
            f"{classes}"
        )
    return Labeller(classes, shares)


class FromStyles(Generator):
    """Draws from styles [N, L, W], flattened to [N, L W] in place of latents."""

    def __init__(self, inner: StyleGenerator) -> None:
        super().__init__()
        self.inner = inner
        self.latent_dim = inner.style_layers * inner.style_dim
        self.sample_shape, self.num_classes = inner.sample_shape, inner.num_classes
        self.condition_shape, self.training = inner.condition_shape, inner.training

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Flattened styles [N, L W] -> the inner generator's samples."""
        styles = latents.reshape(-1, self.inner.style_layers, self.inner.style_dim)
        return self.inner.synthesise(styles, labels)


def at_rest(network: P) -> P:
    """The network in eval mode, without gradients; a call without its labels is explained."""
    if network.num_classes is not None or network.condition_shape is not None:
        network.register_forward_pre_hook(_explain_missing_labels, with_kwargs=True)
    return network.eval().requires_grad_(False)


def _explain_missing_labels(network: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Raise a `UsageError` if a conditional network is called without labels and needs them."""
    labels = args[1] if len(args) > 1 else kwargs.get("labels")
    if labels is not None:
        return
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    try:
        with torch.no_grad(), sampling.seeded_layers(0, device):
            network.forward(*args, **kwargs)
    except Exception as error:
        inputs = "samples" if isinstance(network, Discriminator) else "latents"
        missing, kind = "labels", f"whole numbers [n] from 0 to {(network.num_classes or 1) - 1}"
        if (shape := network.condition_shape) is not None:
            missing, kind = "conditions", f"floats [n, {', '.join(map(str, shape))}]"
        raise UsageError(
            f"{type(network).__name__} is conditional and fails without {missing}; call it with "
            f"({inputs}, {missing}), {kind}"
        ) from error
