"""config.json, the machine's part of a model folder, as records."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganzoo.errors import ConfigError, brief
from ganzoo.specs.reading import read_json, read_record
from ganzoo.specs.recipe import Part, Recipe

#: The version of the schema below; lower ones are read for ever, a higher one asks to upgrade.
CONFIG_VERSION = 1
GENERATOR_FILE = "model.safetensors"
DISCRIMINATOR_FILE = "discriminator.safetensors"
#: What a generator of conditions is given where nobody names any.
CONDITIONS_FILE = "conditions.safetensors"
LONGEST_NAME = 100
#: How far from 1 the shares of classes may add up to.
SHARES_ROUNDING = 1e-6
MODEL_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
#: What may be installed: https://packaging.python.org/en/latest/specifications/name-normalization/
_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?", re.ASCII)


def is_model_name(text: str) -> bool:
    """Whether a model may be called so."""
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

    #: Of the networks' code.
    code: str
    #: Of the weights.
    weights: str
    #: Of what they were trained on.
    data: str


@dataclass(frozen=True)
class Metric:
    """One measured figure, with all that is needed to measure it again."""

    #: The figure with its extractor, such as `FD (cnn-mnist)`.
    name: str
    #: The mean over training seeds, each the mean over `repeats` sampling seeds.
    value: float
    #: Against what it was measured, and how.
    protocol: str
    #: Samples that were measured.
    n: int
    #: The command that measures it again.
    command: str
    #: Standard deviation over training seeds, or over sampling seeds where there is one of those.
    spread: float | None = None
    #: Sampling seeds.
    repeats: int | None = None
    #: What real samples score under the same protocol.
    floor: float | None = None
    #: Such as `%`.
    unit: str = ""
    #: Each training seed's value.
    values: tuple[float, ...] = ()
    #: The value of the weights in the folder.
    shipped: float | None = None


@dataclass(frozen=True)
class Check:
    """What the shipped weights score, to be measured again from the package's statistics."""

    #: The extractor by name.
    extractor: str
    #: The data set by name.
    data: str
    #: Samples.
    n: int
    #: The one sampling seed.
    seed: int
    #: Figures by key.
    values: Mapping[str, float]
    #: How far another machine's may lie from each.
    tolerance: Mapping[str, float]

    def __post_init__(self) -> None:
        if not self.values:
            raise ConfigError("values: a check is of one figure at least")
        if odd := sorted(self.values.keys() ^ self.tolerance.keys()):
            raise ConfigError(f"{brief(odd[0])} stands in one of values and tolerance alone")
        for key, allowed in self.tolerance.items():
            if not allowed > 0:
                raise ConfigError(f"the tolerance of {brief(key)} must be above 0, found {allowed}")


@dataclass(frozen=True)
class Provenance:
    """Where the weights come from."""

    #: The command that made them.
    command: str
    #: The day it ended.
    date: str
    #: Seconds of training.
    duration_s: float
    #: Images that were shown; 0 of what was imported.
    images: int
    #: The data set's content hash.
    data_hash: str
    #: The machine, in words.
    hardware: str
    #: Versions of what took part, by distribution.
    versions: Mapping[str, str]
    #: CPU threads.
    threads: int
    #: How often it was begun or gone on with.
    sittings: int = 1


@dataclass(frozen=True)
class Fingerprint:
    """Statistics of samples of fixed latents: `sample(n, seed=seed)`."""

    #: The sampling seed.
    seed: int
    #: Samples.
    n: int
    #: Their mean.
    mean: float
    #: Their standard deviation.
    std: float
    #: The means of the first samples, one by one.
    means: tuple[float, ...]
    #: How far another machine's may lie from each.
    tolerance: float


@dataclass(frozen=True)
class ModelConfig:
    """A model, or a recipe for one: the schema of config.json.

    Third parties write what the schema does not know under `extra`.
    """

    #: The schema's version, 1.
    ganzoo_config: int
    #: The generator.
    generator: Part
    #: The discriminator.
    discriminator: Part
    #: All that changes the result of a training.
    recipe: Recipe
    #: The model's name: family first, data last, such as `dcgan-mnist`.
    name: str | None = None
    #: One line of what it is.
    description: str = ""
    #: How samples are written: `image`, `points`, or what a plugin's writer is called.
    kind: str = "image"
    #: The plugins whose parts it names, with versions, such as `{"ganzoo-dcgan": ">=0.1"}`.
    requires: Mapping[str, str] = field(default_factory=dict)
    #: Weights by file name.
    files: Mapping[str, FileRecord] = field(default_factory=dict)
    #: Numbers of parameters by player.
    parameters: Mapping[str, int] = field(default_factory=dict)
    #: Of code, weights and data.
    licenses: Licenses | None = None
    #: Each class's share of the training data, from which labels are drawn; empty: all alike.
    class_shares: tuple[float, ...] = ()
    #: The classes' names by number, as `ganzoo sample --label` accepts them; empty: numbers alone.
    class_names: tuple[str, ...] = ()
    #: Figures, the first of which `ganzoo list` shows.
    metrics: tuple[Metric, ...] = ()
    #: Where the weights come from.
    provenance: Provenance | None = None
    #: What samples of fixed latents are like, so that any machine can tell the model by them.
    fingerprint: Fingerprint | None = None
    #: What exactly these weights score, for `ganzoo check --metrics`.
    checks: tuple[Check, ...] = ()
    #: What third parties write.
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
                f"class_shares are 0 or more and add up to 1, found {min(shares):g} at the least "
                f"and {sum(shares):g} in all"
            )
        for name in self.requires:
            if not _DISTRIBUTION.fullmatch(name):
                raise ConfigError(
                    f"requires: {brief(name)} is no package's name; write one, such as ganzoo-dcgan"
                )
        for file in self.files:
            plain = Path(file).name == file and "\\" not in file and file not in ("", ".", "..")
            if not plain or len(file) > LONGEST_NAME or not file.isprintable():
                raise ConfigError(f"files: {brief(file)} is not a plain file name")


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
        raise ConfigError(f"{where}: {key} must be a whole number from 1, found {brief(version)}")
    if version > newest:
        raise ConfigError(
            f"{where}: written for {key} {version}, this ganzoo reads {newest}; upgrade ganzoo-core"
        )
