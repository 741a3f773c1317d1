"""Statistics of real samples: found in the package or the cache, or measured now."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import platformdirs
import torch
from torch import Tensor

from ganzoo.build import is_here, qualify
from ganzoo.data.devices import as_bytes, as_floats
from ganzoo.data.splits import Half, distinct, drawn_once, splits
from ganzoo.errors import GanzooError, MetricError, one_line
from ganzoo.interfaces import Dataset, Extractor
from ganzoo.measure.features import NEIGHBOURS, extract
from ganzoo.measure.references import (
    REFERENCE_VERSION,
    About,
    Reference,
    extractor_hash,
    package_file,
    read_reference,
)
from ganzoo.metrics import Moments, class_histogram, mean_nearest, nearest
from ganzoo.specs import Part

log = logging.getLogger("ganzoo")

#: The most samples of each split to read; copies are left out.
MOST = 60_000
BATCH = 1_000


def batches(data: Dataset, indices: Tensor) -> Iterator[Tensor]:
    """The samples at these indices, by batches float32 [<= 1000, *S]."""
    for rows in torch.split(indices, BATCH):
        yield data.batch(rows)[0]


def reference_for(extractor: Extractor, part: Part) -> Reference:
    """Statistics of a data set in an extractor's features: cached, from the package or made now.

    A data set that is not on this machine is fetched only where the package lacks its statistics.
    """
    part = samples_of(part)
    shipped = shipped_reference(extractor, part)
    if shipped is not None and not is_here(part):
        return shipped
    train, test = splits(part)
    data_hash = both_hashes(train, test)
    file = cache_file(extractor.name, extractor_hash(extractor), data_hash)
    if file.is_file():
        try:
            cached = read_reference(file).require(extractor, str(file))
            return replace(cached, about=replace(cached.about, data=part))  # kept by content
        except GanzooError as error:
            log.warning("%s; measured again", one_line(error))
    made = make_reference(extractor, part, train, test, data_hash)
    if shipped is not None and shipped.about.data_hash == data_hash:
        for n, rows in shipped.about.anchors.items():
            made = made.with_anchors(int(n), rows)
    keep(made)
    return made


def shipped_or_made(extractor: Extractor, part: Part) -> Reference:
    """The package's statistics, which are the same everywhere; measured where it has none."""
    return shipped_reference(extractor, samples_of(part)) or reference_for(extractor, part)


def samples_of(part: Part) -> Part:
    """A data set by its qualified name, without what a recipe adds about drawing from it."""
    return Part(qualify(Dataset, part).name, part.arguments)


def shipped_reference(extractor: Extractor, part: Part) -> Reference | None:
    """The package's statistics of an unchanged data set; None where it has none."""
    file = package_file(extractor.name, part.bare_name)
    if set(part.arguments) - {"split"} or not file.is_file():
        return None
    shipped = read_reference(file)
    if shipped.about.data.name != part.name:
        return None  # another plugin's data set of that name
    return shipped.require(extractor, str(file))


def make_reference(
    extractor: Extractor, part: Part, train: Dataset, test: Dataset, data_hash: str
) -> Reference:
    """Measure real samples, which takes as long as showing them all to the extractor.

    Everything is rounded as it will be stored, so that a stored reference gives the same figures.
    """
    tested = extract(
        extractor, batches(test, drawn_once(test, MOST)), f"test samples of {part.name}"
    )
    rows = batches(train, drawn_once(train, MOST))
    trained = extract(extractor, rows, f"training samples of {part.name}", keep=MOST)
    training, moments = trained.features.half().float(), tested.moments
    features = tested.features[:NEIGHBOURS].half().float()
    halves = isinstance(train, Half)
    if halves:  # a model may have been trained on both, so copying either is memorising
        training = torch.cat([tested.features.half().float(), training])[:MOST]
        distance = float(nearest(features, training, k=2)[:, 1].mean())  # the first is itself
    else:
        distance = mean_nearest(features, training)
    if distance == 0:
        raise MetricError(f"{part.name}: all its test samples are in its training set too")
    return Reference(
        about=About(
            ganzoo_reference=REFERENCE_VERSION,
            extractor=extractor.name,
            extractor_sha256=extractor_hash(extractor),
            data=part,
            data_hash=data_hash,
            sample_shape=test.sample_shape,
            n=len(tested),
            nearest=distance,
            training=distinct(train) + (distinct(test) if halves else 0),
            halves=halves,
        ),
        moments=Moments.known(moments.n, moments.mean, moments.covariance),
        features=features,
        shares=None if tested.logits is None else class_histogram(tested.logits),
        training=training,
        pixels=as_floats(as_bytes(tested.first)),
    )


def keep(reference: Reference) -> None:
    """Put a reference into the user's cache, or warn where that cannot be written."""
    about = reference.about
    file = cache_file(about.extractor, about.extractor_sha256, about.data_hash)
    try:
        reference.save(file)
    except OSError as error:
        log.warning("%s cannot be written (%s): measured again next time", file, error.strerror)


def cache_folder() -> Path:
    """The folder of measured statistics."""
    return platformdirs.user_cache_path("ganzoo") / "references"


def cache_file(extractor: str, extractor_sha256: str, data_hash: str) -> Path:
    """The file of a data set's statistics, named by its content and the extractor's weights."""
    text = f"{REFERENCE_VERSION} {extractor} {extractor_sha256} {data_hash}"
    return cache_folder() / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.safetensors"


def both_hashes(train: Dataset, test: Dataset) -> str:
    """One hash of the content of both splits."""
    text = f"{train.content_hash()} {test.content_hash()}"
    return hashlib.sha256(text.encode()).hexdigest()
