"""Records of what is written down: recipes, config.json and protocols, read strictly."""

from ganzoo.specs.keys import merge, set_path, split_key
from ganzoo.specs.model import (
    CONDITIONS_FILE,
    CONFIG_VERSION,
    DISCRIMINATOR_FILE,
    GENERATOR_FILE,
    MODEL_NAME,
    Check,
    FileRecord,
    Fingerprint,
    Licenses,
    Metric,
    ModelConfig,
    Provenance,
    check_version,
    networks_and_recipe,
    read_config,
)
from ganzoo.specs.optimizers import Averaging, Group, Optimizer, Optimizers, Schedule
from ganzoo.specs.protocol import PROTOCOL_VERSION, Protocol, read_protocol
from ganzoo.specs.reading import parse_json, read_json, read_record, write_record
from ganzoo.specs.recipe import Data, Part, Recipe, Start, recipe_hash
from ganzoo.specs.seeds import SEEDS_FILE, SEEDS_VERSION, Seeds, read_seeds, seed_folder

__all__ = [
    "CONDITIONS_FILE",
    "CONFIG_VERSION",
    "DISCRIMINATOR_FILE",
    "GENERATOR_FILE",
    "MODEL_NAME",
    "PROTOCOL_VERSION",
    "SEEDS_FILE",
    "SEEDS_VERSION",
    "Averaging",
    "Check",
    "Data",
    "FileRecord",
    "Fingerprint",
    "Group",
    "Licenses",
    "Metric",
    "ModelConfig",
    "Optimizer",
    "Optimizers",
    "Part",
    "Protocol",
    "Provenance",
    "Recipe",
    "Schedule",
    "Seeds",
    "Start",
    "check_version",
    "merge",
    "networks_and_recipe",
    "parse_json",
    "read_config",
    "read_json",
    "read_protocol",
    "read_record",
    "read_seeds",
    "recipe_hash",
    "seed_folder",
    "set_path",
    "split_key",
    "write_record",
]
