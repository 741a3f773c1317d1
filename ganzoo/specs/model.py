"""config.json, the machine's part of a model folder, as records."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganzoo.errors import ConfigError
from ganzoo.specs.reading import read_json, read_record
from ganzoo.specs.recipe import Part, Recipe

#: The version of the schema below; lower ones are read for ever, a higher one asks to upgrade.
CONFIG_VERSION = 1
GENERATOR_FILE = "model.safetensors"
DISCRIMINATOR_FILE = "discriminator.safetensors"
MODEL_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class FileRecord:
    """A file of the model folder: lower-case hexadecimal sha256 and size."""

    sha256: str
    bytes: int

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ConfigError(f"sha256 must be 64 hexadecimal digits, found {self.sha256!r}")


@dataclass(frozen=True)
class Licenses:
    """SPDX names of the licences of the code, the weights and the data."""

    code: str
    weights: str
    data: str


@dataclass(frozen=True)
class Metric:
    """One measured figure, with all that is needed to measure it again.

    `value` is the mean over training seeds, each the mean over `repeats` sampling seeds; `spread`
    the standard deviation over training seeds, or over sampling seeds where there is one training
    seed; `values` holds each training seed's, `shipped` that of the weights in the folder. `floor`
    is what real samples score under the same protocol.
    """

    name: str
    value: float
    protocol: str
    n: int
    command: str
    spread: float | None = None
    repeats: int | None = None
    floor: float | None = None
    unit: str = ""
    values: tuple[float, ...] = ()
    shipped: float | None = None


@dataclass(frozen=True)
class Check:
    """What the shipped weights score, to be measured again from the package's statistics.

    Figures by key of `n` samples of one sampling seed, each with how far another machine's may
    lie from it.
    """

    extractor: str
    data: str
    n: int
    seed: int
    values: Mapping[str, float]
    tolerance: Mapping[str, float]


@dataclass(frozen=True)
class Provenance:
    """Where the weights come from."""

    command: str
    date: str
    duration_s: float
    images: int
    data_hash: str
    hardware: str
    versions: Mapping[str, str]
    threads: int
    sittings: int = 1


@dataclass(frozen=True)
class Fingerprint:
    """Statistics of `n` samples of fixed latents (`sample(n, seed=seed)`), each to `tolerance`.

    `means` holds the means of the first samples, one by one.
    """

    seed: int
    n: int
    mean: float
    std: float
    means: tuple[float, ...]
    tolerance: float


@dataclass(frozen=True)
class ModelConfig:
    """A model, or a recipe for one: the schema of config.json.

    Third parties write what the schema does not know under `extra`.
    """

    ganzoo_config: int
    generator: Part
    discriminator: Part
    recipe: Recipe
    name: str | None = None
    description: str = ""
    kind: str = "image"
    requires: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, FileRecord] = field(default_factory=dict)
    parameters: Mapping[str, int] = field(default_factory=dict)
    licenses: Licenses | None = None
    metrics: tuple[Metric, ...] = ()
    provenance: Provenance | None = None
    fingerprint: Fingerprint | None = None
    checks: tuple[Check, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name is not None and not MODEL_NAME.fullmatch(self.name):
            raise ConfigError(
                f"name {self.name!r} must be lower-case words joined by '-', such as dcgan-mnist"
            )
        for file in self.files:
            if Path(file).name != file or "\\" in file or file in ("", ".", ".."):
                raise ConfigError(f"files: {file!r} is not a plain file name")


def read_config(path: Path) -> tuple[ModelConfig, dict[str, Any]]:
    """Read a config.json: the checked record, and the JSON as it stands in the file."""
    data = read_json(path)
    check_version(data, str(path))
    return read_record(ModelConfig, data, str(path)), data


def check_version(
    data: Any, where: str, *, key: str = "ganzoo_config", newest: int = CONFIG_VERSION
) -> None:
    """Refuse what was written for a later schema before any other key of it is looked at."""
    if not isinstance(data, Mapping):
        raise ConfigError(f"{where}: expected an object that begins with {key!r}")
    version = data.get(key)
    if version is None:
        raise ConfigError(f"{where}: the key {key!r} is missing; it is {newest}")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ConfigError(f"{where}: {key} must be a whole number from 1, found {version!r}")
    if version > newest:
        raise ConfigError(
            f"{where}: written for {key} {version}, this ganzoo reads {newest}; upgrade ganzoo-core"
        )
