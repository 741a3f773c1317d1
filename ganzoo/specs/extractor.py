"""The schema of a shipped extractor's config.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ganzoo.specs.model import FileRecord, Licenses, Provenance, check_version
from ganzoo.specs.reading import read_json, read_record
from ganzoo.specs.recipe import Part

EXTRACTOR_VERSION = 1


@dataclass(frozen=True)
class ExtractorConfig:
    """A frozen extractor: its network, its weights, and how they were trained.

    `network` names the kind and its arguments, `data` the data set that it was trained on, and
    `figures` its results on the test images. Another training gets another name.
    """

    ganzoo_extractor: int
    name: str
    network: Part
    data: Part
    file: FileRecord
    parameters: int
    figures: Mapping[str, float]
    licenses: Licenses
    provenance: Provenance
    seed: int = 0


def read_extractor_config(path: Path) -> ExtractorConfig:
    """Read an extractor's config.json; `ConfigError` names what is wrong."""
    data = read_json(path)
    check_version(data, str(path), key="ganzoo_extractor", newest=EXTRACTOR_VERSION)
    return read_record(ExtractorConfig, data, str(path))
