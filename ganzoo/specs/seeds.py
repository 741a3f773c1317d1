"""seeds.json: the training seeds of one recipe whose runs share a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ganzoo.errors import ConfigError
from ganzoo.specs.model import check_version
from ganzoo.specs.reading import read_json, read_record

SEEDS_FILE = "seeds.json"
SEEDS_VERSION = 1


@dataclass(frozen=True)
class Seeds:
    """The seeds of a folder, ascending, and the command that trained the last of them."""

    #: The schema's version, 1.
    ganzoo_seeds: int
    #: Ascending; the run of seed K is in `seed-K/`.
    seeds: tuple[int, ...]
    #: The command that trained the last of them.
    command: str

    def __post_init__(self) -> None:
        if not self.seeds or any(seed < 0 for seed in self.seeds):
            raise ConfigError(f"seeds must be one or more numbers from 0, found {self.seeds}")


def read_seeds(folder: Path) -> Seeds | None:
    """The seeds of a folder; None where it has no seeds.json."""
    file = folder / SEEDS_FILE
    if not file.is_file():
        return None
    data = read_json(file)
    check_version(data, str(file), key="ganzoo_seeds", newest=SEEDS_VERSION)
    return read_record(Seeds, data, str(file))


def seed_folder(folder: Path, seed: int) -> Path:
    """The folder of a seed's run."""
    return folder / f"seed-{seed}"
