"""Checks of an extractor (features as declared, of each sample by itself), and of its data set."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.errors import GanzooError, one_line
from ganzoo.extractors import open_extractor
from ganzoo.interfaces import Dataset, Extractor
from ganzoo.testing.failures import Skipped, raising_line, remedy, reported_by, short, wrong
from ganzoo.testing.numerics import relative_difference, seeded
from ganzoo.testing.subjects import DatasetSubject, PartSubject

SIZES = (1, 2, 7)
#: The samples for an extractor that takes images of any size.
ANY_SIZE = (3, 64, 64)
ROUNDING = 1e-3


def check_features(subject: PartSubject) -> str:
    """Features are float32 [N, feature_dim], and logits [N, num_classes] if it knows classes."""
    extractor: Extractor = subject.made().eval()
    for n in SIZES:
        published = _outputs(extractor, n)
        promised = {"features": [n, extractor.feature_dim]}
        if extractor.num_classes is not None:
            promised["logits"] = [n, extractor.num_classes]
        for name, shape in promised.items():
            values = published.get(name)
            if values is None or list(values.shape) != shape or values.dtype != torch.float32:
                found = "nothing" if values is None else f"{list(values.shape)} {values.dtype}"
                raise subject.wrong(
                    f"{name} of {n} samples are {found}, and float32 {shape} is promised by "
                    f"feature_dim = {extractor.feature_dim} and num_classes = "
                    f"{extractor.num_classes}: change one of them",
                    "feature_dim",
                )
    return f"{extractor.feature_dim} features"


def check_features_of_one(subject: PartSubject) -> None:
    """In eval mode features are the same twice, and independent of the rest of the batch."""
    extractor: Extractor = subject.made().eval()
    with reported_by("check_features", "a batch"):
        _outputs(extractor, 1)
    first, again = _outputs(extractor, 7)["features"], _outputs(extractor, 7)["features"]
    alone = _outputs(extractor, 7, shown=1)["features"]
    if relative_difference(first, again) > ROUNDING:
        raise subject.wrong(
            "features of the same samples differ, so figures would differ each time: it draws from "
            "a source that torch's seed does not reach; draw nothing in eval mode",
            r"rand|normal|[dD]ropout",
        )
    if relative_difference(alone, first[:1]) > ROUNDING:
        raise subject.wrong(
            "features of a sample change with the others of its batch: it takes statistics of the "
            "batch; compute them for each sample",
            r"mean\(0|std\(0|dim=0|len\(",
        )


def check_extractor(subject: DatasetSubject) -> str:
    """The extractor and the control that a data set names exist, and take its samples."""
    data = subject.made()
    if data.extractor is None and data.control is not None:
        raise subject.wrong(
            f"control is {data.control!r}, and there is no extractor to control: name one in "
            "`extractor`",
            "control",
        )
    for name in filter(None, (data.extractor, data.control)):
        _check_takes(subject, data, name)
    return data.extractor or "it names none"


def _check_takes(subject: DatasetSubject, data: Dataset, name: str) -> None:
    """Refuse an extractor that nobody offers, or that takes other samples."""
    try:
        subject.world.registry.find("extractor", name.partition(":")[0])
    except GanzooError as error:
        problem = f"{one_line(error)}; `ganzoo plugins` lists them"
        raise subject.wrong(problem, r"extractor|control") from error
    try:
        extractor = open_extractor(name)
    except GanzooError as error:
        raise Skipped(f"{name} is not on this machine: {one_line(error)}") from error
    shape = extractor.sample_shape
    if shape is not None and tuple(shape) != tuple(data.sample_shape):
        raise subject.wrong(
            f"samples are {list(data.sample_shape)}, and {name} takes {list(shape)}: name an "
            "extractor that takes them, or leave `extractor` None",
            r"extractor|control",
        )


def _outputs(extractor: Extractor, n: int, shown: int | None = None) -> dict[str, Tensor]:
    """Outputs of n samples, uniform in [-1, 1]; `shown` passes only the first ones."""
    shape = extractor.sample_shape or ANY_SIZE
    samples = torch.rand(n, *shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    try:
        with torch.no_grad(), seeded(0):
            return extractor.outputs(samples[:shown])
    except Exception as error:
        hint = remedy(error) or "make forward take any number of rows, in eval mode"
        raise wrong(
            f"a batch of {len(samples)} fails ({short(error, 200)}): inputs are "
            f"{list(samples.shape)}; {hint}",
            raising_line(error),
        ) from error
