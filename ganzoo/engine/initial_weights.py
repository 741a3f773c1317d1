"""`--init`: beginning with a model's weights instead of untrained ones."""

from __future__ import annotations

import hashlib
from pathlib import Path

from torch import Tensor

from ganzoo.cards import Card, catalogue
from ganzoo.engine.run.checkpoint import last_good
from ganzoo.errors import CardError, ConfigError, WeightsError
from ganzoo.interfaces import Discriminator, Generator
from ganzoo.specs import DISCRIMINATOR_FILE, GENERATOR_FILE, ModelConfig, Part, Start, read_config
from ganzoo.weights import read_tensors, tensor_bytes, with_ties

Tensors = dict[str, Tensor]


def start_from(what: str, config: ModelConfig, folder: Path | None = None) -> Start:
    """The record of a start from WHAT (a name, a folder, a run), whose networks must be `config`'s.

    Its sha256 name the weights exactly, so they are part of the recipe. A run in `folder` that
    began with WHAT keeps its own record, even if the model has changed since.
    """
    if (known := _known_start(what, folder)) is not None:
        return known
    card = catalogue().locate(what)
    theirs = card.require_usable()
    for player in ("generator", "discriminator"):
        own, other = getattr(config, player), getattr(theirs, player)
        if own != other:
            raise ConfigError(
                f"--init {what}: its {player} is {_described(other)}, this training's is "
                f"{_described(own)}; "
                f"weights fit only the same network (ganzoo train {what} --init {what} ...)"
            )
    published = card.distribution is not None
    place = what if published else card.origin or str(card.folder.resolve())
    generator, discriminator = weights_of(card)
    return Start(place, _digest(generator), _digest(discriminator))


def _known_start(what: str, folder: Path | None) -> Start | None:
    """The record of the run in a folder, if it began with WHAT."""
    if folder is None or not (folder / "config.json").is_file():
        return None
    start = read_config(folder / "config.json")[0].recipe.start
    if start is None:
        return None
    own = Path(start.model)
    newest = start.model.startswith(f"{what}@")  # of a repository, when it began
    same = what == start.model or newest or (own.is_absolute() and own in _places(what))
    return start if same else None


def _places(what: str) -> set[Path]:
    """The model folders that a path may mean: itself, or a run's export."""
    path = Path(what).expanduser().resolve()
    return {path, path / "export"}


def load_initial_weights(start: Start, generator: Generator, discriminator: Discriminator) -> None:
    """Load the weights that a recipe begins with; `WeightsError` if they have changed."""
    weights = weights_of(catalogue().locate(start.model))
    hashes = (start.generator, start.discriminator)
    for tensors, sha256, network in zip(weights, hashes, (generator, discriminator), strict=True):
        if _digest(tensors) != sha256:
            raise WeightsError(
                f"the weights of {start.model} have changed since this recipe began with them; "
                "restore the old ones, or begin a new run in another --out"
            )
        try:
            network.load_state_dict(with_ties(tensors, network.state_dict(), start.model))
        except RuntimeError as error:
            raise WeightsError(f"{start.model} belongs to another network: {error}") from None


def weights_of(card: Card) -> tuple[Tensors, Tensors]:
    """The generator's (the average's) and the discriminator's tensors of a model or a run."""
    config = card.require_usable()
    if card.status == "running":
        checkpoint = last_good(card.folder / "checkpoints")
        if checkpoint is None:
            raise CardError(f"{card.folder} has no complete checkpoint yet; let the run continue")
        return checkpoint.owned_by("average"), checkpoint.owned_by("discriminator")
    files = (GENERATOR_FILE, DISCRIMINATOR_FILE)
    for file in files:
        if file not in config.files:
            raise CardError(
                f"{card.name} ships no {file}, and --init needs both players; "
                "take a model that ships its discriminator"
            )
    first, second = (read_tensors(card.folder / file, config.files[file]) for file in files)
    return first, second


def _digest(tensors: Tensors) -> str:
    """The sha256 of tensors' content."""
    return hashlib.sha256(tensor_bytes(tensors, {})).hexdigest()


def _described(part: Part) -> str:
    """A part in words."""
    return f"{part.name}({', '.join(f'{k}={v}' for k, v in part.arguments.items())})"
