"""Inception-v3's pool3 features, as the FID is defined on them, through torch-fidelity.

torch-fidelity has the network and its resizing, equal to the original's to 1e-6; its weights are
read by ganzoo's own door, because torch-fidelity would unpickle them.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import platformdirs
import torch
from torch import Tensor

from ganzoo.data.mnist import fetching
from ganzoo.errors import MetricError, WeightsError, one_line
from ganzoo.extractors.colour import in_colour
from ganzoo.hub.client import offline
from ganzoo.interfaces import Extractor
from ganzoo.weights.unfilled import built
from ganzoo.weights.untrusted import read_foreign

log = logging.getLogger("ganzoo")

NAME = "inception-v3"
#: The weights' sha256 begins with what their file is named by.
SHA256_BEGINS = "6726825d"
POOL3 = "2048"
MODULE = "torch_fidelity.feature_extractor_inceptionv3"


class InceptionV3(Extractor):
    """Images [N, 1 or 3, H, W] of any size -> pool3 features [N, 2048] (Heusel et al. 2017).

    `weights` is the file that torch-fidelity publishes, where it cannot be fetched. With another
    one the extractor has another name, so that no figure on its features is called FID.
    """

    name = NAME
    feature_dim = 2048

    def __init__(self, weights: str | None = None) -> None:
        super().__init__()
        network = _torch_fidelity()
        path = Path(weights) if weights else fetched(network.URL_INCEPTION_V3)
        state = read_foreign(path)
        if not (found := sha256_of(path)).startswith(SHA256_BEGINS):
            self.name = f"{NAME}@{found[: len(SHA256_BEGINS)]}"
            log.warning(
                "%s: the published weights' sha256 begins with %s, this one with %s; figures are "
                "of %s, and none is a FID",
                path,
                SHA256_BEGINS,
                found[: len(SHA256_BEGINS)],
                self.name,
            )
        with _handing_over(network, state):
            try:
                self.network = built(lambda: network.FeatureExtractorInceptionV3(NAME, [POOL3]))
            except RuntimeError as error:
                raise WeightsError(
                    f"{path} holds no Inception-v3 of torch-fidelity's: {one_line(error)[:200]}"
                ) from None

    def forward(self, samples: Tensor) -> Tensor:
        """Images [N, C, H, W] in [-1, 1] -> features [N, 2048]; grey is repeated."""
        images = samples.add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)
        (features,) = self.network(in_colour(images, self.name))
        found: Tensor = features
        return found


def fetched(url: str) -> Path:
    """The weights' file in the user's cache, fetched and checked where it is not there."""
    from torchvision.datasets.utils import download_url

    folder = platformdirs.user_cache_path("ganzoo") / "extractors"
    file = folder / url.rpartition("/")[2]
    if not file.is_file():
        if variable := offline():
            raise MetricError(
                f"the weights of inception-v3 are not in the cache, and {variable} forbids "
                f"requests; unset it, or get {url} elsewhere and name the file with "
                "--extractor-weights"
            )
        try:
            with fetching():
                download_url(url, str(folder), file.name)
        except Exception as error:
            raise MetricError(
                f"the weights of inception-v3 cannot be fetched ({one_line(error)}); get {url} "
                "elsewhere and name the file with --extractor-weights"
            ) from None
    if not (found := sha256_of(file)).startswith(SHA256_BEGINS):
        file.unlink()
        raise WeightsError(
            f"{file}: sha256 {SHA256_BEGINS}... expected, {found[:12]}... found; it was removed, "
            "try again"
        )
    return file


def sha256_of(path: Path) -> str:
    """The sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def _handing_over(network: Any, state: Mapping[str, Tensor]) -> Iterator[None]:
    """Let torch-fidelity's network find these weights where it would fetch and unpickle some."""
    before = network.load_state_dict_from_url
    network.load_state_dict_from_url = lambda *_, **__: state
    try:
        yield
    finally:
        network.load_state_dict_from_url = before


def _torch_fidelity() -> Any:
    """torch-fidelity's module of the network."""
    import importlib

    try:
        return importlib.import_module(MODULE)
    except ImportError as error:
        raise MetricError(
            f"inception-v3 needs torch-fidelity ({one_line(error)}): pip install torch-fidelity"
        ) from None
