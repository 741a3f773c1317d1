"""The schema of config.json, the machine-readable part of a model folder."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganzoo.errors import ConfigError, brief
from ganzoo.specs.keys import Record
from ganzoo.specs.reading import parse_json, read_record, read_text
from ganzoo.specs.recipe import Part, Recipe

#: The version of the schema below; lower ones stay readable, a higher one is refused.
CONFIG_VERSION = 1
GENERATOR_FILE = "model.safetensors"
DISCRIMINATOR_FILE = "discriminator.safetensors"
#: The conditions that a conditional generator samples by default.
CONDITIONS_FILE = "conditions.safetensors"
LONGEST_NAME = 100
#: How far the sum of the classes' shares may be from 1.
SHARES_ROUNDING = 1e-6
MODEL_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
#: Names of distributions: https://packaging.python.org/en/latest/specifications/name-normalization/
_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?", re.ASCII)


def is_model_name(text: str) -> bool:
    """Whether a text is a valid name for a model."""
    return len(text) <= LONGEST_NAME and MODEL_NAME.fullmatch(text) is not None


@dataclass(frozen=True)
class FileRecord:
    """A file of the model folder."""

    #: 64 lower-case hexadecimal digits.
    sha256: str
    #: Its size.
    bytes: int

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ConfigError(f"sha256 must be 64 hexadecimal digits, found {brief(self.sha256)}")


@dataclass(frozen=True)
class Licenses:
    """SPDX names of the licences of the code, the weights and the data."""

    #: The licence of the networks' code.
    code: str
    #: The licence of the weights.
    weights: str
    #: The licence of the training data.
    data: str


@dataclass(frozen=True)
class Metric:
    """One measured figure, with everything needed to measure it again."""

    #: The figure with its extractor, such as `FD (cnn-mnist)`.
    name: str
    #: The mean over training seeds, each the mean over `repeats` sampling seeds.
    value: float
    #: What it was measured against, and how.
    protocol: str
    #: Number of samples.
    n: int
    #: The command that measures it again.
    command: str
    #: Standard deviation over training seeds; over sampling seeds for one training seed.
    spread: float | None = None
    #: Number of sampling seeds.
    repeats: int | None = None
    #: The score of real samples under the same protocol.
    floor: float | None = None
    #: The unit, such as `%`.
    unit: str = ""
    #: Each training seed's value.
    values: tuple[float, ...] = ()
    #: The value of the weights in the folder.
    shipped: float | None = None


@dataclass(frozen=True)
class Check:
    """What the shipped weights score against the package's statistics, for `check --metrics`."""

    #: The extractor by name.
    extractor: str
    #: The data set by name.
    data: str
    #: Number of samples.
    n: int
    #: The sampling seed.
    seed: int
    #: Figures by key.
    values: Mapping[str, float]
    #: How far another machine's figure may be from each.
    tolerance: Mapping[str, float]
    #: The data set's arguments.
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.values:
            raise ConfigError("values: a check needs at least one figure")
        if odd := sorted(self.values.keys() ^ self.tolerance.keys()):
            raise ConfigError(f"{brief(odd[0])} is in only one of values and tolerance")
        for key, allowed in self.tolerance.items():
            if not allowed > 0:
                raise ConfigError(f"the tolerance of {brief(key)} must be above 0, found {allowed}")


@dataclass(frozen=True)
class Provenance:
    """Where the weights come from."""

    #: The command that made them.
    command: str
    #: The day the training ended.
    date: str
    #: Seconds of training.
    duration_s: float
    #: Images that were shown; 0 for imported weights.
    images: int
    #: The data set's content hash.
    data_hash: str
    #: A description of the machine.
    hardware: str
    #: Versions of the packages used, by distribution.
    versions: Mapping[str, str]
    #: CPU threads.
    threads: int
    #: How often it was started or resumed.
    sittings: int = 1


@dataclass(frozen=True)
class Fingerprint:
    """Statistics of samples of fixed latents: `sample(n, seed=seed)`."""

    #: The sampling seed.
    seed: int
    #: Number of samples.
    n: int
    #: Their mean.
    mean: float
    #: Their standard deviation.
    std: float
    #: The mean of each of the first samples.
    means: tuple[float, ...]
    #: How far another machine's statistics may be from these.
    tolerance: float


@dataclass(frozen=True)
class ModelConfig(Record):
    """A model, or a recipe for one: the schema of config.json."""

    #: The schema's version, 1.
    ganzoo_config: int
    #: The generator.
    generator: Part
    #: The discriminator.
    discriminator: Part
    #: Everything that changes the result of a training.
    recipe: Recipe
    #: The model's name: family first, data last, such as `dcgan-mnist`.
    name: str | None = None
    #: A description of one line.
    description: str = ""
    #: The kind of samples: `image`, `points`, or the name of a plugin's writer.
    kind: str = "image"
    #: The plugins whose parts it uses, with versions, such as `{"ganzoo-dcgan": ">=0.1"}`.
    requires: Mapping[str, str] = field(default_factory=dict)
    #: The files of weights by name.
    files: Mapping[str, FileRecord] = field(default_factory=dict)
    #: Numbers of parameters by player.
    parameters: Mapping[str, int] = field(default_factory=dict)
    #: The licences of code, weights and data.
    licenses: Licenses | None = None
    #: Each class's share of the training data, by which labels are drawn; empty: equal shares.
    class_shares: tuple[float, ...] = ()
    #: The classes' names by number, as `ganzoo sample --label` accepts them; empty: numbers alone.
    class_names: tuple[str, ...] = ()
    #: The names of the numbers in a condition [K], as `ganzoo sample --conditions` accepts them.
    condition_names: tuple[str, ...] = ()
    #: What the numbers of a sample mean, as the data set says, such as {"alphabet": "abc"}.
    legend: Mapping[str, Any] = field(default_factory=dict)
    #: Figures, the first of which `ganzoo list` shows.
    metrics: tuple[Metric, ...] = ()
    #: Where the weights come from.
    provenance: Provenance | None = None
    #: Statistics of samples of fixed latents, by which any machine recognises the model.
    fingerprint: Fingerprint | None = None
    #: What these weights score, for `ganzoo check --metrics`.
    checks: tuple[Check, ...] = ()
    #: Free keys for third parties.
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name is not None and not is_model_name(self.name):
            raise ConfigError(
                f"name {brief(self.name)} must be lower-case words joined by '-', such as "
                "dcgan-mnist"
            )
        shares = self.class_shares
        if shares and not (min(shares) >= 0 and abs(sum(shares) - 1) < SHARES_ROUNDING):
            raise ConfigError(
                f"class_shares must be 0 or more and add up to 1, found a least share of "
                f"{min(shares):g} and a sum of {sum(shares):g}"
            )
        for name in self.requires:
            if not _DISTRIBUTION.fullmatch(name):
                raise ConfigError(
                    f"requires: {brief(name)} is not a package name such as ganzoo-dcgan"
                )
        for file in self.files:
            plain = Path(file).name == file and "\\" not in file and file not in ("", ".", "..")
            if not plain or len(file) > LONGEST_NAME or not file.isprintable():
                raise ConfigError(f"files: {brief(file)} is not a plain file name")


def networks_and_recipe(config: ModelConfig) -> dict[str, Any]:
    """The networks and the recipe as JSON data: what a resumed run must match."""
    data = config.to_dict()
    return {key: data[key] for key in ("generator", "discriminator", "recipe")}


def read_config(path: Path) -> tuple[ModelConfig, dict[str, Any]]:
    """Read a config.json: the checked record, and the JSON as it is in the file."""
    text = read_text(path)
    return _checked(text, str(path)), json.loads(text)


@functools.lru_cache(maxsize=256)  # checking takes milliseconds, and each catalogue asks again
def _checked(text: bytes, where: str) -> ModelConfig:
    """The record of a config.json that holds these bytes."""
    data = parse_json(text, where)
    check_version(data, where)
    return read_record(ModelConfig, data, where)


def check_version(
    data: Any, where: str, *, key: str = "ganzoo_config", newest: int = CONFIG_VERSION
) -> None:
    """Refuse data written for a later schema before any other key is read."""
    if not isinstance(data, Mapping):
        raise ConfigError(f"{where}: expected an object with the key {key!r}")
    version = data.get(key)
    if version is None:
        raise ConfigError(f"{where}: the key {key!r} is missing; write {newest}")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ConfigError(f"{where}: {key} must be a whole number from 1, found {brief(version)}")
    if version > newest:
        raise ConfigError(
            f"{where}: written for {key} {version}, this ganzoo reads {newest}; upgrade ganzoo-core"
        )
