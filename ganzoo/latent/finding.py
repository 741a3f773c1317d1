"""Finding directions: by principal components, from weights, or from what a classifier says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal, get_args

import torch
from torch import Tensor, nn

from ganzoo.arguments import seed_of, whole
from ganzoo.errors import UsageError
from ganzoo.interfaces import StyleGenerator
from ganzoo.latent.deciding import class_means
from ganzoo.latent.directions import Directions, points_of, width_of
from ganzoo.latent.files import fingerprint
from ganzoo.latent.probing import layers_seen
from ganzoo.latent.walking import require_latents

if TYPE_CHECKING:
    from ganzoo.zoo import Model

Method = Literal["pca", "sefa", "label", "attribute"]
METHODS: tuple[str, ...] = get_args(Method)
#: Samples whose styles or activations are looked at.
STYLES, ACTIVATIONS = 4096, 1024


def directions(
    model: Model,
    k: int | None = None,
    *,
    by: Method = "pca",
    seed: int = 0,
    label: int | str | None = None,
) -> Directions:
    """The first k directions (8 by default; with labels, one for each class) of a model.

    `pca` (GANSpace, Haerkoenen et al. 2020): principal components of styles; without styles, those
    of the first layer's activations, brought back to latents by regression. `sefa` (Shen and Zhou
    2021): eigenvectors of A^T A, with A the weights of all layers that act on a style, or of the
    first layer that acts on latents. `label` (in the manner of InterFaceGAN, Shen et al. 2020): the
    mean of a class minus the mean of the rest, where the extractor of the model's data set decides
    on classes, or the labels of a conditional model with styles. `attribute`: the same for each
    value of each attribute that the extractor publishes. `label` keeps all samples in one class.
    """
    if by not in METHODS:
        raise UsageError(f"by is {', '.join(METHODS[:-1])} or {METHODS[-1]}, found {by!r}")
    count = 8 if k is None else whole("k", k, least=1)
    require_latents(model)
    seed = seed_of(seed)
    if by == "pca":
        vectors = _principal(model, seed, label)[:count]
    elif by == "sefa":
        weights = torch.cat([*_weights(model, seed, label)])
        vectors = torch.linalg.eigh(weights.T @ weights).eigenvectors.flip(1).T[:count]
    else:
        return _named(model, class_means(model, by, k, seed, label), by, seed, label)
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    vectors = vectors * largest.sign()  # of both signs, always the same
    names = [f"{by}-{number}" for number in range(1, len(vectors) + 1)]
    return _named(model, dict(zip(names, vectors, strict=True)), by, seed, label)


def _named(
    model: Model, vectors: Mapping[str, Tensor], by: str, seed: int, label: int | str | None
) -> Directions:
    """Directions of length 1, with the spread of the model's own points along them."""
    stacked = nn.functional.normalize(torch.stack([*vectors.values()]), dim=1)
    sigmas = (points_of(model, STYLES, seed, label) @ stacked.T).std(0)
    in_styles = isinstance(model.generator, StyleGenerator)
    return Directions(
        (*vectors,), stacked.float(), sigmas.float(), in_styles, by, fingerprint(model)
    )


def _principal(model: Model, seed: int, label: int | str | None) -> Tensor:
    """Principal components of styles [K, W], or latents [K, D] that cause those of activations."""
    if isinstance(model.generator, StyleGenerator):
        styles = points_of(model, STYLES, seed, label)
        components: Tensor = torch.linalg.eigh(styles.T.cov()).eigenvectors.flip(1).T
        return components
    latents = model.latents(ACTIVATIONS, seed=seed)
    seen = next(layers_seen(model, latents, seed, label)).double()
    seen -= seen.mean(0)
    scores = torch.linalg.eigh(seen @ seen.T).eigenvectors.flip(1)
    # Scores are uncorrelated: the latents that least squares assigns to each are its covariances.
    known: Tensor = scores[:, : width_of(model)].T @ (
        latents.cpu().double() - latents.cpu().mean(0)
    )
    return known


def _weights(model: Model, seed: int, label: int | str | None) -> Iterator[Tensor]:
    """Weights float64 [F, D] of the layers that act on a style, or of the first on latents.

    They are read off each layer's answers to 0 and the unit vectors, not by parameters'
    names; a layer whose answer to another point is not the weighted sum is not linear in it.
    """
    width = width_of(model)
    rng = torch.Generator().manual_seed(seed)
    point = torch.randn(1, width, generator=rng)
    probes = torch.cat([torch.zeros(1, width), torch.eye(width), point])
    any_linear = False
    for answers in layers_seen(model, probes, seed, label):
        weights = (answers[1:-1] - answers[0]).double().T
        change = (answers[-1] - answers[0]).double()
        error = (weights @ point[0].double() - change).norm()
        if error <= 1e-4 * change.norm():
            yield weights
            any_linear = True
        if not isinstance(model.generator, StyleGenerator):
            break
    if not any_linear:
        what = "styles" if isinstance(model.generator, StyleGenerator) else "latents"
        raise UsageError(
            f"{model.card.name} has no module that is linear in its {what}, whose weights sefa "
            "reads; use pca"
        )
