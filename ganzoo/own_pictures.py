"""The recipe for a folder of pictures where nothing else was asked for: `--data folder:photos/`.

The networks and the game stand in own_pictures.json; what depends on the number of pictures is
chosen here, in coarse steps, so that a few pictures more leave the recipe as it is. A few pictures
begin with the weights of a model of the zoo, where one has these very networks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.cards.overrides import at, bare
from ganzoo.errors import GanzooError, UnknownNameError, UsageError
from ganzoo.plugins.registry import Registry
from ganzoo.specs import merge, parse_json, set_path
from ganzoo.terminal import table

if TYPE_CHECKING:
    from ganzoo.cards import Catalogue
    from ganzoo.specs import ModelConfig

#: Below this many pictures the discriminator would learn them by heart: they are augmented.
FEW = 2_000
#: Real images to show it: about an hour for few pictures, and an evening for many, on a laptop.
IMAGES_OF_FEW, IMAGES_OF_MANY = 300_000, 1_000_000
#: Small batches look better after the same time: they take more steps (docs/log.md).
BATCH = 16
#: Sides of squares that are suggested where the networks do not make another size.
SQUARES = (16, 32, 64, 128, 256)
#: Learning rates fall to this along a cosine.
LAST_RATE = 0.0001
#: The WHAT of --init for weights that are not trained.
UNTRAINED = "none"


def is_asked(what: object, options: Mapping[str, Any]) -> bool:
    """Whether nothing but a folder of pictures was given."""
    others = ("generator", "discriminator", "loss")
    data, init = options["data"], options["init"]
    folder = isinstance(data, str) and data.startswith("folder:")
    given = any(options[name] for name in others) or init not in (None, UNTRAINED)
    return what is None and folder and not given


def own_pictures(registry: Registry, path: str) -> dict[str, Any]:
    """The raw config for the pictures below a folder, by their number."""
    raw = _recipe()
    name = raw["generator"]["name"]
    try:
        registry.find("generator", name)
    except UnknownNameError as error:
        raise UsageError(
            f"pictures are trained as {name} unless --generator, --discriminator and --loss are "
            f"given, and {error}"
        ) from None
    count = pictures_in(Path(path).expanduser())
    images = IMAGES_OF_FEW if count < FEW else IMAGES_OF_MANY
    falling = {"name": "cosine", "arguments": {"to": LAST_RATE, "images": images}}
    chosen = {
        "batch": batch_for(count),
        "images": images,
        "schedules": {f"optimizers.{who}.lr": falling for who in ("generator", "discriminator")},
        "augmentation": {"diffaugment": True} if count < FEW else {},
    }
    return merge(raw, {"recipe": chosen})


def _recipe() -> dict[str, Any]:
    """The part of the recipe that does not depend on the pictures."""
    text = files("ganzoo").joinpath("own_pictures.json").read_text("utf-8")
    raw: dict[str, Any] = parse_json(text, "the recipe")
    return raw


def side_made(registry: Registry, size: Any, channels: int) -> int | None:
    """The side nearest to a size of which the recipe's generator makes squares.

    None if the generator makes the size itself, or is not installed.
    """
    import torch

    part = _recipe()["generator"]
    try:
        offer = registry.find("generator", part["name"])
    except UnknownNameError:
        return None

    def makes(wanted: Any) -> bool:
        with suppress(GanzooError), torch.random.fork_rng(devices=[]):
            offer.build(**part["arguments"], size=wanted, channels=channels)
            return True
        return False

    lesser = min(size) if isinstance(size, list) else size
    nearest = sorted(SQUARES, key=lambda side: (abs(side - lesser), -side))
    return None if makes(size) else next(filter(makes, nearest), None)


def with_channels(raw: dict[str, Any]) -> dict[str, Any]:
    """The config with the pictures' channels: colour, and alpha where that is kept."""
    arguments = at(raw, "recipe.data.arguments")
    if "channels" in arguments:
        return raw
    channels = 4 if arguments.get("background") == "keep" else 3
    return set_path(raw, "recipe.data.arguments.channels", channels)


def pictures_in(folder: Path) -> int:
    """How many files below a folder are images by their names."""
    from ganzoo.data.packing.folder_pack import walked

    return sum(1 for file in walked(folder.absolute()) if not file.problem)


def are_few(raw: Mapping[str, Any]) -> bool:
    """Whether the recipe is for so few pictures that trained weights are a help."""
    return bool(at(raw, "recipe.images") == IMAGES_OF_FEW)


def model_like(zoo: Catalogue, config: ModelConfig) -> str | None:
    """The model of the zoo with the same two networks, the most trained; None without one.

    Networks for pictures of other sizes or channels are others: a model of grey digits is none.
    """
    from ganzoo.specs import DISCRIMINATOR_FILE

    known = [
        (theirs.recipe.images, zoo.name_of(card))
        for card in zoo.cards
        if card.status == "ready"
        and (theirs := card.config) is not None
        and (theirs.generator, theirs.discriminator) == (config.generator, config.discriminator)
        and DISCRIMINATOR_FILE in theirs.files
    ]
    return max(known)[1] if known else None


def batch_for(count: int) -> int:
    """`BATCH` images in a turn, or the largest power of two that leaves room for broken files."""
    batch = BATCH
    while batch > 2 and batch * 3 > count * 2:
        batch //= 2
    return batch


def run_name(raw: Mapping[str, Any]) -> str:
    """The name of the run's folder, such as `dcgan-photos`."""
    folder = Path(str(at(raw, "recipe.data.arguments.path"))).name.removesuffix(".zip")
    words = re.sub(r"[^a-z0-9.]+", "-", folder.lower()).strip("-.") or "pictures"
    return f"{bare(at(raw, 'generator.name'))}-{words}"


def decisions(raw: Mapping[str, Any], begun: str = "") -> list[str]:
    """A table of what was decided, why, and how it is changed, line by line.

    `begun` names the model whose weights are the first.
    """
    recipe, width = raw["recipe"], at(raw, "generator.arguments.width")
    arguments, changes = recipe["data"]["arguments"], recipe["augmentation"]
    size, channels = arguments.get("size"), arguments.get("channels")
    rows = [
        ("size", f"{size}, {channels} channels", "", "--set data.arguments.size=128"),
        ("shape", arguments.get("fit", "crop"), "", "--set data.arguments.fit=pad"),
        (
            "networks",
            f"{bare(at(raw, 'generator.name'))}, width {width}",
            "narrow enough for a laptop",
            "--generator, --discriminator, --loss",
        ),
        (
            "mirrored",
            _yes(changes.get("flip")),
            "leave it out for text and letters",
            "--set augmentation.flip=false",
        ),
        (
            "augmented",
            _yes(changes.get("diffaugment")),
            f"helps below {FEW:,} pictures",
            "--set augmentation.diffaugment=true|false",
        ),
        *(
            [("begins with", begun, "a trained model learns sooner", f"--init {UNTRAINED}")]
            if begun
            else []
        ),
        ("batch", str(recipe["batch"]), "", "--batch"),
        ("images", f"{recipe['images']:,}", "--dry-run estimates the time", "--images"),
    ]
    return table(("DECIDED", "", "WHY", "CHANGE IT WITH"), rows).splitlines()


def _yes(change: object) -> str:
    return "no" if change in (None, False) else "yes"
