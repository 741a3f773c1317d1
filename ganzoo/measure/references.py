"""Statistics of real samples in an extractor's features, which drawn samples are compared with.

A reference is one safetensors file. The package ships light ones (mean, covariance, 2,000 features
in float16), which need no data set; those in the user's cache also hold what needs one: the
features of training images, for memorisation, and pixels of test images.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganzoo.data.devices import as_bytes, as_floats
from ganzoo.errors import ConfigError, MetricError
from ganzoo.files import written_whole
from ganzoo.interfaces import Extractor
from ganzoo.metrics import Moments
from ganzoo.specs import Part, check_version, read_record, write_record
from ganzoo.weights import tensor_bytes
from ganzoo.weights.tensorfile import metadata, parse, read_buffer

REFERENCE_VERSION = 2
PACKAGE = Path(__file__).with_name("references")
#: Tensors that only the cache holds.
HEAVY = ("training", "pixels")


@dataclass(frozen=True)
class About:
    """Whose statistics a reference holds: the extractor's weights, the data, and its own figures.

    `n` test samples gave mean and covariance; `nearest` is the mean distance from the kept features
    to the nearest of the `training` samples. A data set without a split is cut into `halves`, and
    the nearest is any other sample. `tensors` is the sha256 of the file's tensors (empty in version
    1). `anchors` maps a number of samples to the anchors' figures: real training samples (the
    floor), noise, the training set's mean and its Gaussian.
    """

    ganzoo_reference: int
    extractor: str
    extractor_sha256: str
    data: Part
    data_hash: str
    sample_shape: tuple[int, ...]
    n: int
    nearest: float
    training: int = 0
    halves: bool = False
    tensors: str = field(default="", compare=False)
    anchors: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Reference:
    """Real statistics: moments of F features, some features [M, F], class shares [K] or None.

    `training` [T, F] and `pixels` [M, *S] are None where the data set is not available.
    """

    about: About
    moments: Moments
    features: Tensor
    shares: Tensor | None = None
    training: Tensor | None = None
    pixels: Tensor | None = None

    def anchors(self, n: int) -> Mapping[str, Mapping[str, float]]:
        """The anchors' figures at n samples; empty where they were not measured."""
        return self.about.anchors.get(str(n), {})

    @property
    def lacks_classes(self) -> bool:
        """Whether a class won no real sample: a divergence from their shares would be infinite."""
        return self.shares is not None and bool((self.shares == 0).any())

    def with_anchors(self, n: int, rows: Mapping[str, Mapping[str, float]]) -> Reference:
        """Add the anchors' figures at n samples."""
        anchors = {**self.about.anchors, str(n): rows}
        return replace(self, about=replace(self.about, anchors=anchors))

    def require(self, extractor: Extractor, where: str = "the real statistics") -> Reference:
        """Return itself; `MetricError` where it belongs to another extractor or version."""
        if self.about.extractor != extractor.name:
            raise MetricError(
                f"{where}: measured by {self.about.extractor}, and samples by {extractor.name}; "
                f"pass --extractor {self.about.extractor}"
            )
        weights = extractor_hash(extractor)
        if self.about.extractor_sha256 != weights:
            raise MetricError(
                f"{where}: measured by another version of {extractor.name} (weights "
                f"{self.about.extractor_sha256[:12]}, here {weights[:12]}); measure them again"
            )
        return self

    def save(self, path: Path, *, light: bool = False) -> None:
        """Write the file atomically; `light` leaves out what only a data set gives."""
        tensors = {
            "mean": self.moments.mean,
            "covariance": self.moments.covariance,
            "features": self.features.half(),
            "shares": self.shares,
            "training": None if light or self.training is None else self.training.half(),
            "pixels": None if light or self.pixels is None else as_bytes(self.pixels),
        }
        held = {name: tensor for name, tensor in tensors.items() if tensor is not None}
        about = replace(self.about, tensors=tensors_hash(held))
        with written_whole(path) as beside:
            beside.write_bytes(tensor_bytes(held, write_record(about)))


def read_reference(path: Path) -> Reference:
    """Read a reference; `MetricError` names what is wrong with it."""
    if not path.is_file():
        raise MetricError(f"{path}: there is no such file; --save-reference writes one")
    buffer = read_buffer(path)
    tensors = parse(buffer, path)
    try:
        record = metadata(buffer, path)
        check_version(record, str(path), key="ganzoo_reference", newest=REFERENCE_VERSION)
        about = read_record(About, record, str(path))
    except ConfigError as error:
        raise MetricError(f"{error} (the file must hold statistics of real samples)") from None
    check_tensors(path, about, tensors)
    training, pixels = (tensors.get(name) for name in HEAVY)
    return Reference(
        about=about,
        moments=Moments.known(about.n, tensors["mean"], tensors["covariance"]),
        features=tensors["features"].float(),
        shares=tensors.get("shares"),
        training=None if training is None else training.float(),
        pixels=None if pixels is None else as_floats(pixels),
    )


def check_tensors(path: Path, about: About, tensors: Mapping[str, Tensor]) -> None:
    """Refuse tensors that are no reference's, or do not fit together."""
    missing = {"mean", "covariance", "features"} - tensors.keys()
    if missing:
        raise MetricError(f"{path}: {sorted(missing)[0]!r} is missing; measure them again")
    width = tensors["mean"].shape
    shapes = {"features": width, "training": width, "pixels": about.sample_shape}
    for name, shape in shapes.items():
        if name in tensors and tensors[name].shape[1:] != shape:
            raise MetricError(
                f"{path}: {name!r} holds rows of {list(tensors[name].shape[1:])}, {list(shape)} "
                "belong there; measure them again"
            )
    if not about.nearest > 0:
        raise MetricError(f"{path}: nearest must be above 0, found {about.nearest}")
    if about.tensors and about.tensors != (actual := tensors_hash(tensors)):
        raise MetricError(
            f"{path}: its tensors were written with sha256 {about.tensors[:12]}..., and now have "
            f"{actual[:12]}...: the file is damaged; measure them again"
        )
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise MetricError(f"{path}: {name!r} holds NaN or infinity; measure them again")


def extractor_hash(extractor: Extractor) -> str:
    """Sha256 of an extractor's weights, which identifies its version."""
    return tensors_hash(extractor.state_dict())


def tensors_hash(tensors: Mapping[str, Tensor]) -> str:
    """Sha256 over the names, shapes and bytes of tensors."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {list(tensor.shape)}\0".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def package_file(extractor: str, data: str) -> Path:
    """The package's file of a data set's statistics, by bare names."""
    return PACKAGE / f"{extractor}.{data}.safetensors"


def jsonable(values: Mapping[str, Any]) -> dict[str, float]:
    """Figures rounded to nine digits for storage, so that bytes are stable."""
    return {key: float(f"{value:.9g}") for key, value in values.items()}
