"""Checks of an extractor: features as it says, of each sample by itself."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganzoo.errors import one_line
from ganzoo.interfaces import Extractor
from ganzoo.testing.causes import remedy
from ganzoo.testing.failures import Blocked, raised_at, told_by, wrong
from ganzoo.testing.numerics import apart, seeded
from ganzoo.testing.subjects import ExtractorSubject

SIZES = (1, 2, 7)
#: What is shown to an extractor that takes images of any size.
ANY_SIZE = (3, 64, 64)
ROUNDING = 1e-3


def check_features(subject: ExtractorSubject) -> str:
    """Features are float32 [N, feature_dim], and logits [N, num_classes] where it knows classes."""
    extractor = _built(subject)
    for n in SIZES:
        published = _outputs(extractor, n)
        wanted = {"features": [n, extractor.feature_dim]}
        if extractor.num_classes is not None:
            wanted["logits"] = [n, extractor.num_classes]
        for name, shape in wanted.items():
            found = published.get(name)
            if found is None or list(found.shape) != shape or found.dtype != torch.float32:
                said = "nothing" if found is None else f"{list(found.shape)} {found.dtype}"
                raise wrong(
                    f"{name} of {n} samples are {said}, and float32 {shape} is promised by "
                    f"feature_dim = {extractor.feature_dim} and num_classes = "
                    f"{extractor.num_classes}; change one of them",
                    subject.line("feature_dim"),
                )
    return f"{extractor.feature_dim} features"


def check_features_of_one(subject: ExtractorSubject) -> None:
    """In eval mode features are the same twice, and do not depend on the others of the batch."""
    extractor = _built(subject)
    with told_by("check_features", "a batch"):
        _outputs(extractor, 1)
    first, again = _outputs(extractor, 7)["features"], _outputs(extractor, 7)["features"]
    alone = _outputs(extractor, 7, shown=1)["features"]
    if apart(first, again) > ROUNDING:
        raise wrong(
            "features of the same samples differ: it draws, from a source that torch's seed does "
            "not reach; a figure would be another one each time",
            subject.line(r"rand|normal|[dD]ropout"),
        )
    if apart(alone, first[:1]) > ROUNDING:
        raise wrong(
            "features of a sample change with the others of its batch: it takes statistics of the "
            "batch; compute them for each sample",
            subject.line(r"mean\(0|std\(0|dim=0|len\("),
        )


def _built(subject: ExtractorSubject) -> Extractor:
    made: Any = subject.made()
    if not isinstance(made, Extractor):
        raise Blocked("check_builds", "it is no ganzoo.Extractor")
    return made.eval()


def _outputs(extractor: Extractor, n: int, shown: int | None = None) -> dict[str, Tensor]:
    """What it gives of n samples, uniform in [-1, 1], of which only the first may be shown."""
    shape = extractor.sample_shape or ANY_SIZE
    samples = torch.rand(n, *shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    try:
        with torch.no_grad(), seeded(0):
            return extractor.outputs(samples[:shown])
    except Exception as error:
        hint = remedy(error) or "make forward take any number of rows, in eval mode"
        raise wrong(
            f"a batch of {len(samples)} fails ({one_line(error)[:200]}): inputs are "
            f"{list(samples.shape)}; {hint}",
            raised_at(error),
        ) from error
