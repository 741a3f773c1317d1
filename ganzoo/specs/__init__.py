"""Records of what is written down: recipes and config.json, read strictly."""

from ganzoo.specs.model import (
    CONFIG_VERSION,
    DISCRIMINATOR_FILE,
    GENERATOR_FILE,
    MODEL_NAME,
    FileRecord,
    Fingerprint,
    Licenses,
    Metric,
    ModelConfig,
    Provenance,
    check_version,
    read_config,
)
from ganzoo.specs.reading import parse_json, read_json, read_record, write_record
from ganzoo.specs.recipe import (
    Averaging,
    Optimizer,
    Optimizers,
    Part,
    Recipe,
    merge,
    recipe_hash,
    set_path,
)

__all__ = [
    "CONFIG_VERSION",
    "DISCRIMINATOR_FILE",
    "GENERATOR_FILE",
    "MODEL_NAME",
    "Averaging",
    "FileRecord",
    "Fingerprint",
    "Licenses",
    "Metric",
    "ModelConfig",
    "Optimizer",
    "Optimizers",
    "Part",
    "Provenance",
    "Recipe",
    "check_version",
    "merge",
    "parse_json",
    "read_config",
    "read_json",
    "read_record",
    "recipe_hash",
    "set_path",
    "write_record",
]
