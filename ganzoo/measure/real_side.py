"""Real samples: finding their statistics, in the package or the cache, or measuring them."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import platformdirs
import torch
from torch import Tensor

from ganzoo.build import factory_of, qualify
from ganzoo.data.splits import Half, drawn, splits
from ganzoo.errors import GanzooError, MetricError, one_line
from ganzoo.interfaces import Dataset, Extractor
from ganzoo.measure.features import NEIGHBOURS, look
from ganzoo.measure.references import (
    REFERENCE_VERSION,
    About,
    Reference,
    extractor_hash,
    from_bytes,
    package_file,
    read_reference,
    to_bytes,
)
from ganzoo.metrics import Moments, class_histogram, mean_nearest, nearest
from ganzoo.specs import Part

log = logging.getLogger("ganzoo")

#: The most samples of each side that are looked at.
MOST = 60_000
BATCH = 1_000


def is_here(part: Part) -> bool:
    """Whether the data set can be built without fetching it."""
    factory = factory_of(Dataset, part)
    if isinstance(factory, type) and issubclass(factory, Dataset):
        return factory.is_here()
    return True


def batches(data: Dataset, indices: Tensor) -> Iterator[Tensor]:
    """The samples at these indices, by batches float32 [<= 1000, *S]."""
    for rows in torch.split(indices, BATCH):
        yield data.batch(rows)[0]


def reference_for(extractor: Extractor, part: Part) -> Reference:
    """Statistics of a data set in an extractor's features: cached, in the package or made now.

    Where the data set is not on this machine, the package's do; where those are not for this
    data set and extractor, it is fetched.
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
            found = read_reference(file).require(extractor, str(file))
            return replace(found, about=replace(found.about, data=part))  # kept by content
        except GanzooError as error:
            log.warning("%s; measured again", one_line(error))
    made = make_reference(extractor, part, train, test, data_hash)
    if shipped is not None and shipped.about.data_hash == data_hash:
        for n, rows in shipped.about.anchors.items():
            made = made.with_anchors(int(n), rows)
    keep(made)
    return made


def shipped_or_made(extractor: Extractor, part: Part) -> Reference:
    """Statistics as the package has them, which are the same everywhere; made where it has none."""
    return shipped_reference(extractor, samples_of(part)) or reference_for(extractor, part)


def samples_of(part: Part) -> Part:
    """A data set under its qualified name, without what a recipe says of drawing from it."""
    return Part(qualify(Dataset, part).name, part.arguments)


def shipped_reference(extractor: Extractor, part: Part) -> Reference | None:
    """The package's statistics of a data set as it comes; None where it has none."""
    file = package_file(extractor.name, part.name.rpartition("/")[2])
    if set(part.arguments) - {"split"} or not file.is_file():
        return None
    found = read_reference(file)
    if found.about.data.name != part.name:
        return None  # another plugin's data set of that name
    return found.require(extractor, str(file))


def make_reference(
    extractor: Extractor, part: Part, train: Dataset, test: Dataset, data_hash: str
) -> Reference:
    """Measure real samples: this takes as long as showing them all to the extractor.

    Everything is rounded as it will be stored, so that a stored one gives the same figures.
    """
    seen = look(extractor, batches(test, drawn(test, MOST)), f"test samples of {part.name}")
    shown = batches(train, drawn(train, MOST))
    known = look(extractor, shown, f"training samples of {part.name}", keep=MOST)
    training, moments = known.features.half().float(), seen.moments
    features = seen.features[:NEIGHBOURS].half().float()
    halves = isinstance(train, Half)
    if halves:  # a model may have been trained on both: whoever copies either has copied
        training = torch.cat([seen.features.half().float(), training])[:MOST]
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
            n=len(seen),
            nearest=distance,
            training=len(train) + (len(test) if halves else 0),
            halves=halves,
        ),
        moments=Moments.known(moments.n, moments.mean, moments.covariance),
        features=features,
        shares=None if seen.logits is None else class_histogram(seen.logits),
        training=training,
        pixels=from_bytes(to_bytes(seen.first)),
    )


def keep(reference: Reference) -> None:
    """Put a reference into the user's cache; where that cannot be written, say so and go on."""
    about = reference.about
    file = cache_file(about.extractor, about.extractor_sha256, about.data_hash)
    try:
        reference.save(file)
    except OSError as error:
        log.warning("%s cannot be written (%s): measured again next time", file, error.strerror)


def cache_folder() -> Path:
    """Where measured statistics of real samples are kept."""
    return platformdirs.user_cache_path("ganzoo") / "references"


def cache_file(extractor: str, extractor_sha256: str, data_hash: str) -> Path:
    """Where the statistics of a data set's content in an extractor's features are kept."""
    text = f"{REFERENCE_VERSION} {extractor} {extractor_sha256} {data_hash}"
    return cache_folder() / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.safetensors"


def both_hashes(train: Dataset, test: Dataset) -> str:
    """One hash of what both splits hold."""
    text = f"{train.content_hash()} {test.content_hash()}"
    return hashlib.sha256(text.encode()).hexdigest()
