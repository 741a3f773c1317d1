"""`load`: from a name, a folder, a run or an address to a `Model`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from torch import nn

from ganzoo import sampling
from ganzoo.arguments import model_of, pinned_sha256
from ganzoo.cards import Card, catalogue
from ganzoo.ema import recalibrate
from ganzoo.engine.run.checkpoint import last_good
from ganzoo.errors import CardError, UsageError, WeightsError, one_line
from ganzoo.hardware import usable_device
from ganzoo.interfaces import Discriminator, Generator
from ganzoo.plugins import local
from ganzoo.specs import CONDITIONS_FILE, GENERATOR_FILE
from ganzoo.zoo.model import Model
from ganzoo.zoo.players import labeller_of, read_player, unfilled_player


def load(
    what: str | Path,
    *,
    device: str | torch.device = "cpu",
    sha256: str | None = None,
    parts: Iterable[type | nn.Module] = (),
) -> Model:
    """Load a model: a name, a folder, a run or `hf-hub:owner/repo[@revision]`.

    `sha256` pins the generator's file. `parts` are the classes (or objects) of your own model that
    no plugin offers. Raises a `GanzooError` that says what is missing, altered
    or unknown; nothing is half-loaded, and torch's own random state is left as it was.
    """
    give_players(parts)
    what, sha256, target = model_of(what), pinned_sha256(sha256), usable_device(device)
    card = catalogue().locate(what)
    config = card.require_usable()
    if card.status == "running":
        if sha256 is not None:
            raise UsageError(f"{card.folder} is an unfinished run: its weights have no sha256 yet")
        return Model(_average_of_run(card), card, target)
    record = config.files.get(GENERATOR_FILE)
    if record is None:
        raise CardError(f"{card.name} has no weights yet; train it: ganzoo train {what}")
    if sha256 is not None and sha256 != record.sha256:
        raise WeightsError(
            f"{card.name}: sha256 {sha256} was requested, its card has {record.sha256}; "
            "this is another version of the model"
        )
    return Model(read_player(Generator, card, record), card, target)


def give_players(parts: Iterable[type | nn.Module]) -> None:
    """Register a caller's generators and discriminators under their classes' names."""
    for part in parts:
        cls = part if isinstance(part, type) else type(part)
        kinds = {Generator: "generator", Discriminator: "discriminator"}
        kind = next((kinds[interface] for interface in kinds if issubclass(cls, interface)), None)
        if kind is None:
            raise UsageError(f"parts are generators and discriminators, found {cls.__name__}")
        local.give(kind, part)


def _average_of_run(card: Card) -> Generator:
    """The average in a run's last good checkpoint, its batch statistics recomputed."""
    checkpoint = last_good(card.folder / "checkpoints")
    if checkpoint is None:
        raise CardError(f"{card.folder} has no complete checkpoint yet; let the run continue")
    network = unfilled_player(Generator, card)
    live = checkpoint.owned_by("generator")
    buffers = {name: live[name] for name, _ in network.named_buffers() if name in live}
    try:  # buffers are not averaged: they are the live network's
        network.load_state_dict({**checkpoint.owned_by("average"), **buffers})
    except RuntimeError as error:
        raise WeightsError(
            f"{checkpoint.folder} belongs to another network: {one_line(error)}"
        ) from None
    labeller = labeller_of(network, card)
    if network.condition_shape is not None and labeller.conditions is None:
        raise CardError(
            f"{card.folder} has no {CONDITIONS_FILE}, under which batch statistics are recomputed; "
            "the command that began the run writes it when it continues"
        )
    seed, cpu = card.require_usable().recipe.seed, torch.device("cpu")
    with sampling.calibrating(seed, cpu):
        recalibrate(network, sampling.calibration_batches(network, seed, cpu, labeller))
    return network
