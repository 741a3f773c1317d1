"""Inception-v3's pool3 features, as the FID is defined on them, through torch-fidelity.

torch-fidelity has the network and its resizing, equal to the original's to 1e-6; its weights are
read by ganzoo's own door, because torch-fidelity would unpickle them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import platformdirs
import torch
from torch import Tensor

from ganzoo.errors import MetricError, WeightsError, one_line
from ganzoo.foreign import read_foreign
from ganzoo.interfaces import Extractor

#: The weights' sha256 begins with what their file is named by.
SHA256_BEGINS = "6726825d"
POOL3 = "2048"
MODULE = "torch_fidelity.feature_extractor_inceptionv3"


class InceptionV3(Extractor):
    """Images [N, 1 or 3, H, W] of any size -> pool3 features [N, 2048] (Heusel et al. 2017).

    `weights` is the file that torch-fidelity publishes, where it cannot be fetched.
    """

    name = "inception-v3"
    feature_dim = 2048

    def __init__(self, weights: str | None = None) -> None:
        super().__init__()
        network = _torch_fidelity()
        state = read_foreign(Path(weights) if weights else fetched(network.URL_INCEPTION_V3))
        with _handing_over(network, state):
            try:
                self.network = network.FeatureExtractorInceptionV3(self.name, [POOL3])
            except RuntimeError as error:
                where = weights or "the fetched file"
                raise WeightsError(
                    f"{where} holds no Inception-v3 of torch-fidelity's: {one_line(error)[:200]}"
                ) from None

    def forward(self, samples: Tensor) -> Tensor:
        """Images [N, C, H, W] in [-1, 1] -> features [N, 2048]; grey is repeated."""
        images = samples.add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)
        if images.shape[1] == 1:
            images = images.expand(-1, 3, -1, -1)
        (features,) = self.network(images)
        found: Tensor = features
        return found


def fetched(url: str) -> Path:
    """The weights' file in the user's cache, fetched and checked where it is not there."""
    from torchvision.datasets.utils import download_url

    folder = platformdirs.user_cache_path("ganzoo") / "extractors"
    file = folder / url.rpartition("/")[2]
    if not file.is_file():
        try:
            download_url(url, str(folder), file.name)
        except Exception as error:
            raise MetricError(
                f"the weights of inception-v3 cannot be fetched ({one_line(error)}); get {url} "
                "elsewhere and name the file with --extractor-weights"
            ) from None
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if not found.startswith(SHA256_BEGINS):
        file.unlink()
        raise WeightsError(
            f"{file}: sha256 {SHA256_BEGINS}... expected, {found[:12]}... found; it was removed, "
            "try again"
        )
    return file


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
