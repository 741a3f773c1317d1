"""Inception-v3's pool3 features, on which the FID is defined, through torch-fidelity.

torch-fidelity has the network and its resizing, equal to the original to 1e-6. Its weights are read
by ganzoo's own reader, because torch-fidelity would unpickle them.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import Tensor

from ganzoo.cache.places import extractors
from ganzoo.data.devices import as_bytes
from ganzoo.data.mnist import fetching
from ganzoo.errors import MetricError, WeightsError, one_line
from ganzoo.extractors.pretrained import in_colour
from ganzoo.hub.client import offline
from ganzoo.interfaces import Extractor
from ganzoo.weights.unfilled import built
from ganzoo.weights.untrusted import read_foreign

log = logging.getLogger("ganzoo")

NAME = "inception-v3"
#: The beginning of the weights' sha256, which is in their file's name.
SHA256_BEGINS = "6726825d"
POOL3 = "2048"
MODULE = "torch_fidelity.feature_extractor_inceptionv3"


class InceptionV3(Extractor):
    """Images [N, 1 or 3, H, W] of any size -> pool3 features [N, 2048] (Heusel et al. 2017).

    `weights` is the file that torch-fidelity publishes, for machines that cannot fetch it. With
    another file the extractor gets another name, so that no figure on its features is called FID.
    """

    name = NAME
    feature_dim = 2048

    def __init__(self, weights: str | None = None) -> None:
        super().__init__()
        network = _torch_fidelity()
        path = Path(weights) if weights else fetched(network.URL_INCEPTION_V3)
        state = read_foreign(path)
        if not (sha256 := sha256_of(path)).startswith(SHA256_BEGINS):
            beginning = sha256[: len(SHA256_BEGINS)]
            self.name = f"{NAME}@{beginning}"
            log.warning(
                "%s: the sha256 of the published weights begins with %s, this file's with %s; "
                "figures belong to %s, and none is an FID",
                path,
                SHA256_BEGINS,
                beginning,
                self.name,
            )
        with _given_weights(network, state):
            try:
                self.network = built(lambda: network.FeatureExtractorInceptionV3(NAME, [POOL3]))
            except RuntimeError as error:
                raise WeightsError(
                    f"{path} does not hold torch-fidelity's Inception-v3: {one_line(error)[:200]}"
                ) from None

    def forward(self, samples: Tensor) -> Tensor:
        """Images [N, C, H, W] in [-1, 1] -> features [N, 2048]; grey is repeated."""
        images = as_bytes(samples)
        features: Tensor = self.network(in_colour(images, self.name))[0]
        return features


def fetched(url: str) -> Path:
    """The file of weights in the user's cache, fetched if it is absent, and checked."""
    from torchvision.datasets.utils import download_url

    folder = extractors()
    file = folder / url.rpartition("/")[2]
    if not file.is_file():
        if variable := offline():
            raise MetricError(
                f"the weights of inception-v3 are not in the cache, and {variable} forbids "
                f"requests; unset it, or get {url} elsewhere and pass the file with "
                "--extractor-weights"
            )
        try:
            with fetching():
                download_url(url, str(folder), file.name)
        except Exception as error:
            raise MetricError(
                f"the weights of inception-v3 cannot be fetched ({one_line(error)}); get {url} "
                "elsewhere and pass the file with --extractor-weights"
            ) from None
    if not (sha256 := sha256_of(file)).startswith(SHA256_BEGINS):
        file.unlink()
        raise WeightsError(
            f"{file}: sha256 {SHA256_BEGINS}... expected, {sha256[:12]}... found; it was removed, "
            "try again"
        )
    return file


def sha256_of(path: Path) -> str:
    """The sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def _given_weights(network: Any, state: Mapping[str, Tensor]) -> Iterator[None]:
    """Give torch-fidelity's network these weights instead of those it would fetch and unpickle."""
    before = network.load_state_dict_from_url
    network.load_state_dict_from_url = lambda *_, **__: state
    try:
        yield
    finally:
        network.load_state_dict_from_url = before


def _torch_fidelity() -> Any:
    """torch-fidelity's module with the network."""
    import importlib

    try:
        return importlib.import_module(MODULE)
    except ImportError as error:
        raise MetricError(
            f"inception-v3 needs torch-fidelity ({one_line(error)}): pip install torch-fidelity"
        ) from None
