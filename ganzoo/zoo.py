"""`load` and the `Model` that it returns."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from ganzoo import conditions as conditions_
from ganzoo import sampling
from ganzoo.arguments import model_of, pinned_sha256, seed_of, told, whole
from ganzoo.build import build
from ganzoo.cards import Card, catalogue
from ganzoo.ema import recalibrate
from ganzoo.engine.run.checkpoint import last_good
from ganzoo.errors import CardError, UsageError, WeightsError, one_line
from ganzoo.hardware import usable_device
from ganzoo.hub.intact import is_damaged
from ganzoo.interfaces import Discriminator, Generator
from ganzoo.sampling import Labeller
from ganzoo.seeds import derive
from ganzoo.specs import (
    CONDITIONS_FILE,
    DISCRIMINATOR_FILE,
    GENERATOR_FILE,
    FileRecord,
    ModelConfig,
)
from ganzoo.truncation import truncated
from ganzoo.weights import load_weights
from ganzoo.weights.unfilled import built

log = logging.getLogger("ganzoo")

P = TypeVar("P", Generator, Discriminator)

#: What a model may be told to compute in.
PRECISIONS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
#: What labels may come in.
WHOLE = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)


class Model:
    """A published model, or a run's: its generator (the average), discriminator and card."""

    def __init__(self, generator: Generator, card: Card, device: torch.device) -> None:
        self.generator = _at_rest(generator).to(device)
        self.card = card
        self.device = device
        self._dtype: torch.dtype | None = None  # as it was saved

    def __repr__(self) -> str:
        return f"Model({self.card.name!r}, samples {list(self.generator.sample_shape)})"

    @cached_property
    def discriminator(self) -> Discriminator | None:
        """The discriminator in eval mode, read on first use; None where it is not shipped."""
        config = self.card.require_usable()
        record = config.files.get(DISCRIMINATOR_FILE)
        if record is None:
            return None
        network = _skeleton(Discriminator, self.card)
        _fill(network, self.card, DISCRIMINATOR_FILE, record, config.discriminator.name)
        return _at_rest(network).to(self.device, self._dtype)

    @cached_property
    def labeller(self) -> Labeller:
        """What its samples are told where nobody says it, read on first use."""
        return labeller_of(self.generator, self.card)

    @property
    def conditions(self) -> Tensor | None:
        """The conditions [M, *condition_shape] that it brings with it; None where it takes none."""
        known = self.labeller.conditions
        return None if known is None else known.own

    def to(
        self,
        device: str | torch.device | torch.dtype | None = None,
        dtype: torch.dtype | None = None,
    ) -> Model:
        """Move both players to a device, a floating type or both, and return this model.

        Samples come back in float32 whatever the networks compute in; what a narrower type rounds
        away of the weights stays away.
        """
        if isinstance(device, torch.dtype):
            if dtype is not None:
                raise UsageError(f"two types were given, {device} and {dtype}; give one")
            device, dtype = None, device
        if dtype is not None and dtype not in PRECISIONS:
            raise UsageError(
                f"dtype must be one of {', '.join(map(str, PRECISIONS))}, found {dtype}"
            )
        self.device = self.device if device is None else usable_device(device)
        self._dtype = dtype or self._dtype
        self.generator.to(self.device, self._dtype)
        if isinstance(found := self.__dict__.get("discriminator"), Discriminator):
            found.to(self.device, self._dtype)
        return self

    def half(self) -> Model:
        """Compute in float16, in half of the memory; `to(torch.float32)` goes back."""
        return self.to(torch.float16)

    def latents(self, n: int, *, seed: int, start: int = 0) -> Tensor:
        """Latents number `start` to `start + n` of a seed: [n, D], the same on every device.

        They are in the type that the generator computes in, float32 unless it was told another.
        """
        count, first = whole("n", n, least=1), whole("start", start, least=0)
        drawn = sampling.latents(self.generator, count, seed=seed_of(seed), start=first)
        return drawn.to(self.device, sampling.precision_of(self.generator))

    def labels(self, n: int, *, seed: int) -> Tensor | None:
        """The classes or conditions that n samples of a seed get where none are given, or None."""
        count = whole("n", n, least=1)
        drawn = self._told(count, seed_of(seed), None, None, balanced=False)
        return None if drawn is None else drawn[:count]

    def sample(
        self,
        n: int = 64,
        *,
        seed: int | None = None,
        labels: Tensor | int | list[int] | None = None,
        conditions: Tensor | None = None,
        balanced: bool = False,
        batch: int = 64,
        truncation: float = 1.0,
    ) -> Tensor:
        """Samples float32 [n, *S] on the CPU, in the data's range ([-1, 1] for images).

        `seed` None draws one and logs it. `labels` (one for all, or [n]) are for models of classes;
        without them they are drawn from the same seed, in the shares of the training data, or all
        alike where they are `balanced`. `conditions` are for models that have a `condition_shape`
        C: [*C] for all samples, or [M, *C] of which sample i gets number i modulo M, with M at most
        n; without them the model's own serve, in the same way. `truncation` below 1 trades variety
        for typical samples; 1 leaves them as they are.
        """
        pieces = self.batches(
            n,
            seed=seed,
            labels=labels,
            conditions=conditions,
            balanced=balanced,
            batch=batch,
            truncation=truncation,
        )
        return torch.cat([*pieces])

    def batches(
        self,
        n: int,
        *,
        seed: int | None = None,
        labels: Tensor | int | list[int] | None = None,
        conditions: Tensor | None = None,
        balanced: bool = False,
        batch: int = 64,
        truncation: float = 1.0,
    ) -> Iterator[Tensor]:
        """The samples of `sample` piece by piece, for more of them than memory holds."""
        n, batch = whole("n", n, least=1), whole("batch", batch, least=1)
        generator = truncated(self.generator, truncation)
        if seed is None:
            seed = secrets.randbits(32)
            log.info("%s: sampled with seed %d", self.card.name, seed)
        seed = seed_of(seed)
        wish = self._told(n, seed, labels, conditions, balanced=balanced)
        pieces = sampling.batches(generator, n, seed=seed, labels=wish, batch=batch)
        return self._told_of_precision(pieces)

    def _told_of_precision(self, pieces: Iterator[Tensor]) -> Iterator[Tensor]:
        """Say that a network cannot compute in the type it was told, where that is so."""
        try:
            yield from pieces
        except (RuntimeError, TypeError) as error:
            if self._dtype in (None, torch.float32):
                raise
            raise UsageError(
                f"{self.card.name} cannot sample in {self._dtype} on {self.device}: "
                f"{one_line(error)}; .to(torch.float32) goes back"
            ) from error

    def _told(
        self,
        n: int,
        seed: int,
        labels: Tensor | int | list[int] | None,
        conditions: Tensor | None,
        *,
        balanced: bool,
    ) -> sampling.Told | None:
        """What n samples are told: what was asked for, checked, else what is drawn."""
        shape, classes = self.generator.condition_shape, self.generator.num_classes
        if conditions is not None and shape is None:
            raise UsageError(f"{self.card.name} takes no conditions")
        if shape is not None and labels is not None:
            raise UsageError(
                f"{self.card.name} takes conditions of shape {list(shape)} and no labels; give "
                "conditions"
            )
        if balanced and (classes is None or labels is not None):
            said = "its labels are given" if labels is not None else "it has no classes"
            raise UsageError(f"{self.card.name} cannot be balanced over classes: {said}")
        if shape is not None and conditions is not None:
            return conditions_.checked(conditions, shape, n)
        if shape is not None and self.labeller.conditions is None:
            raise UsageError(
                f"{self.card.name} brings no conditions of its own ({CONDITIONS_FILE}); give "
                f"conditions of shape {list(shape)}"
            )
        if labels is not None:
            return self._labels(n, labels)
        return self.labeller.drawn(n, seed=seed, balanced=balanced)

    def _labels(self, n: int, given: Tensor | int | list[int]) -> Tensor:
        """Labels int64 [n], checked against the model's classes."""
        classes = self.generator.num_classes
        if classes is None:
            raise UsageError(f"{self.card.name} is not conditional: it takes no labels")
        labels = _whole_labels(given)
        labels = labels.expand(n) if labels.dim() == 0 else labels
        if len(labels) != n:
            raise UsageError(f"{n} samples need {n} labels, found {len(labels)}")
        if int(labels.min()) < 0 or int(labels.max()) >= classes:
            raise UsageError(
                f"{self.card.name} has the classes 0 to {classes - 1}, found labels from "
                f"{int(labels.min())} to {int(labels.max())}"
            )
        return labels


def load(
    what: str | Path, *, device: str | torch.device = "cpu", sha256: str | None = None
) -> Model:
    """Load a model: a name, a folder, a run or `hf-hub:owner/repo[@revision]`.

    `sha256` pins the generator's file. Raises a `GanzooError` that says what is missing, altered
    or unknown; nothing is half-loaded, and torch's own random state is left as it was.
    """
    what, sha256, target = model_of(what), pinned_sha256(sha256), usable_device(device)
    card = catalogue().locate(what)
    config = card.require_usable()
    if card.status == "running":
        if sha256 is not None:
            raise UsageError(f"{card.folder} is an unfinished run: its weights have no sha256 yet")
        return Model(_average_of_run(card, config), card, target)
    record = config.files.get(GENERATOR_FILE)
    if record is None:
        raise CardError(f"{card.name} has no weights yet; train it: ganzoo train {what}")
    if sha256 is not None and sha256 != record.sha256:
        raise WeightsError(
            f"{card.name}: sha256 {sha256} was asked for, its card says {record.sha256}; "
            "this is another version of the model"
        )
    network = _skeleton(Generator, card)
    _fill(network, card, GENERATOR_FILE, record, config.generator.name)
    return Model(network, card, target)


def _fill(network: nn.Module, card: Card, file: str, record: FileRecord, part: str) -> None:
    """Load a player's weights; where the cache holds them damaged, say how to be rid of that."""
    path = card.folder / file
    try:
        load_weights(path, network, record, part=part)
    except WeightsError as error:
        if not card.origin or not path.is_file() or not is_damaged(path):
            raise
        raise WeightsError(
            f"{error}: `ganzoo cache prune {card.origin}` removes it, and the next use fetches it"
        ) from None


def _average_of_run(card: Card, config: ModelConfig) -> Generator:
    """The average in a run's last good checkpoint, its batch statistics recomputed."""
    found = last_good(card.folder / "checkpoints")
    if found is None:
        raise CardError(f"{card.folder} holds no whole checkpoint yet; let the run go on")
    network = _skeleton(Generator, card)
    live = found.owned_by("generator")
    buffers = {name: live[name] for name, _ in network.named_buffers() if name in live}
    state = {**found.owned_by("average"), **buffers}  # the average's are the live network's
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(f"{found.folder} is of another network: {one_line(error)}") from None
    seed, cpu = config.recipe.seed, torch.device("cpu")
    labeller = labeller_of(network, card)
    if network.condition_shape is not None and labeller.conditions is None:
        raise CardError(
            f"{card.folder} holds no {CONDITIONS_FILE}, under which its average is settled; the "
            "command that began the run writes it when it goes on"
        )
    with sampling.calibrating(seed, cpu):
        recalibrate(network, sampling.calibration_batches(network, seed, cpu, labeller))
    return network


def labeller_of(generator: Generator, card: Card) -> Labeller:
    """What a model's samples are told where nobody says it: by its card, or from its folder."""
    config = card.require_usable()
    if (shape := generator.condition_shape) is not None:
        path, record = card.folder / CONDITIONS_FILE, config.files.get(CONDITIONS_FILE)
        if record is None and not (card.status == "running" and path.is_file()):
            return Labeller()
        return Labeller(conditions=conditions_.read_conditions(path, tuple(shape), record))
    shares, classes = config.class_shares, generator.num_classes
    if shares and classes is not None and len(shares) != classes:
        raise CardError(
            f"{card.name}: class_shares of its card hold {len(shares)} classes, its generator has "
            f"{classes}"
        )
    return Labeller(classes, shares)


def _skeleton(interface: type[P], card: Card) -> P:
    """Build a network whose weights are about to be loaded, no bigger than their file allows.

    What no file brings (a buffer that is not saved) is drawn as its training drew it.
    """
    config = card.require_usable()
    player = "generator" if issubclass(interface, Generator) else "discriminator"
    file = card.folder / (GENERATOR_FILE if player == "generator" else DISCRIMINATOR_FILE)
    return built(
        lambda: build(interface, getattr(config, player)),
        seed=derive(config.recipe.seed, player),
        file_bytes=file.stat().st_size if file.is_file() else None,
    )


def _at_rest(network: P) -> P:
    """A network in eval mode, without gradients, that says what it lacks to be told."""
    if network.num_classes is not None or network.condition_shape is not None:
        network.register_forward_pre_hook(_ask_for_labels, with_kwargs=True)
    return network.eval().requires_grad_(False)


def _whole_labels(given: object) -> Tensor:
    """Labels int64 [] or [n]."""
    try:
        labels = torch.as_tensor(given)
    except (TypeError, ValueError, RuntimeError):
        raise UsageError(
            f"labels are whole numbers, one for all samples or [n], found {told(given)}"
        ) from None
    if labels.dim() > 1 or labels.dtype not in WHOLE:
        raise UsageError(f"labels are whole numbers [n], found {labels.dtype} {list(labels.shape)}")
    return labels.long()


def _ask_for_labels(network: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Say what a conditional network lacks that is called without it and fails."""
    labels = args[1] if len(args) > 1 else kwargs.get("labels")
    if labels is not None:
        return
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    try:
        with torch.no_grad(), sampling.seeded_layers(0, device):
            network.forward(*args, **kwargs)
    except Exception as error:
        what = "samples" if isinstance(network, Discriminator) else "latents"
        lacked, kind = "labels", f"whole numbers [n] from 0 to {(network.num_classes or 1) - 1}"
        if (shape := network.condition_shape) is not None:
            lacked, kind = "conditions", f"floats [n, {', '.join(map(str, shape))}]"
        raise UsageError(
            f"{type(network).__name__} is conditional and fails without {lacked}; call it with "
            f"({what}, {lacked}), {kind}"
        ) from error
