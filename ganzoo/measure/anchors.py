"""Anchors: the figures of real samples, and of samples that are obviously not real.

A figure says little by itself. Real training samples give the floor that a perfect generator would
reach with as many samples; noise, one repeated image, and a Gaussian with the data's mean and
covariance show what the figures of poor samples are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor

from ganzoo.data.splits import drawn_once
from ganzoo.interfaces import Dataset, Extractor
from ganzoo.measure.features import extract
from ganzoo.measure.figures import feature_figures
from ganzoo.measure.measurement import REAL
from ganzoo.measure.real_statistics import BATCH, batches
from ganzoo.measure.references import Reference, jsonable
from ganzoo.seeds import derive

#: The number of training samples that give the Gaussian its mean and covariance.
GAUSSIAN_SAMPLES = 2_000


def anchors(
    extractor: Extractor, real: Reference, train: Dataset, n: int
) -> Mapping[str, Mapping[str, float]]:
    """The figures of each anchor at n samples: name to key to value."""
    rows = {}
    for name, draw in ANCHORS.items():
        values = feature_figures(extract(extractor, draw(train, n), f"the anchor {name!r}"), real)
        if name == REAL and "memorisation" in values:
            values["memorisation"] = 1.0  # the ratio is to test samples, by definition
        rows[name] = jsonable(values)
    return rows


def _real(train: Dataset, n: int) -> Iterator[Tensor]:
    """Training samples, in a fixed random order."""
    return batches(train, drawn_once(train, n))


def _noise(train: Dataset, n: int) -> Iterator[Tensor]:
    """Every value uniform in [-1, 1]."""
    for number, size in _pieces(n):
        rng = torch.Generator().manual_seed(derive("anchor", "noise", number))
        yield torch.rand(size, *train.sample_shape, generator=rng) * 2 - 1


def _mean(train: Dataset, n: int) -> Iterator[Tensor]:
    """The mean of training samples, n times."""
    mean = _some(train).mean(0, keepdim=True)
    for _, size in _pieces(n):
        yield mean.expand(size, *train.sample_shape)


def _gaussian(train: Dataset, n: int) -> Iterator[Tensor]:
    """The Gaussian with mean and covariance of training samples, cut to [-1, 1].

    With standard normal weights z_i, the sum of z_i (x_i - m) / sqrt(M - 1) over M samples has
    exactly their covariance: all principal components, without computing any.
    """
    some = _some(train)
    mean = some.mean(0, keepdim=True)
    away = (some - mean).flatten(1) / (len(some) - 1) ** 0.5
    for number, size in _pieces(n):
        rng = torch.Generator().manual_seed(derive("anchor", "gaussian", number))
        drawn = torch.randn(size, len(away), generator=rng) @ away
        yield (mean + drawn.unflatten(1, train.sample_shape)).clamp(-1, 1)


ANCHORS: dict[str, Callable[[Dataset, int], Iterator[Tensor]]] = {
    REAL: _real,
    "Gaussian": _gaussian,
    "mean image": _mean,
    "noise": _noise,
}


def _some(train: Dataset) -> Tensor:
    return train.batch(drawn_once(train, GAUSSIAN_SAMPLES))[0]


def _pieces(n: int) -> Iterator[tuple[int, int]]:
    """(number, size) of each batch of n samples."""
    for number, start in enumerate(range(0, n, BATCH)):
        yield number, min(BATCH, n - start)
