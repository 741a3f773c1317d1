"""A loaded model: its networks, its card, and samples."""

from __future__ import annotations

import logging
import secrets
import shutil
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

import torch
from torch import Tensor

from ganzoo import sampling
from ganzoo.arguments import seed_of, whole
from ganzoo.cards import Card
from ganzoo.condition_pictures import condition_choices, conditions_of_pictures
from ganzoo.conditions import targets_of
from ganzoo.errors import CardError, UsageError, one_line
from ganzoo.files import folder_written_whole
from ganzoo.hardware import usable_device
from ganzoo.hub.contents import files_of
from ganzoo.interfaces import Discriminator, Generator, StyleGenerator
from ganzoo.sampling import Labeller
from ganzoo.specs import DISCRIMINATOR_FILE
from ganzoo.truncation import CutLatents, cut_normal, truncate_styles, truncated
from ganzoo.views import View
from ganzoo.writers.by_kind import writer_of
from ganzoo.zoo import pictures
from ganzoo.zoo.players import FromStyles, at_rest, labeller_of, read_player
from ganzoo.zoo.requests import (
    GivenConditions,
    GivenLabels,
    Options,
    Request,
    checked_latents,
    checked_styles,
    count_of,
    labels_for,
)

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger("ganzoo")

#: The types that a model can be set to compute in.
PRECISIONS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)


class Model:
    """A published model, or a run's: its generator (the average), discriminator and card.

    `last_seed` is the seed of the newest samples: the one that was given, else the one drawn.
    """

    def __init__(self, generator: Generator, card: Card, device: torch.device) -> None:
        self.generator = at_rest(generator).to(device)
        self.card = card
        self.device = device
        self.last_seed: int | None = None
        self._dtype: torch.dtype | None = None  # as it was saved

    def __repr__(self) -> str:
        return f"Model({self.card.name!r}, samples {list(self.generator.sample_shape)})"

    @cached_property
    def discriminator(self) -> Discriminator | None:
        """The discriminator in eval mode, read on first use; None if the model has none."""
        record = self.card.require_usable().files.get(DISCRIMINATOR_FILE)
        if record is None:
            return None
        network = read_player(Discriminator, self.card, record)
        return at_rest(network).to(self.device, self._dtype)

    @cached_property
    def labeller(self) -> Labeller:
        """Draws labels or conditions for samples that are given none; read on first use."""
        return labeller_of(self.generator, self.card)

    @property
    def conditions(self) -> Tensor | None:
        """The model's own conditions [M, *condition_shape]; None if it takes none."""
        conditions = self.labeller.conditions
        return None if conditions is None else conditions.own

    @cached_property
    def targets(self) -> Tensor | None:
        """The samples [M, *S] that are the right answers to the model's own conditions.

        None if it has none, or if its data set is not on this machine.
        """
        own, part = self.conditions, self.card.require_config().recipe.data
        return None if own is None else targets_of(part, own)

    @property
    def condition_choices(self) -> dict[str, tuple[str, ...]]:
        """The values of options of `conditions_from` that can be listed, by option."""
        return condition_choices(self.card.require_config().recipe.data)

    def conditions_from(self, pictures: str | Path | Tensor, **choices: str) -> Tensor:
        """A picture, or a folder of them by path, as conditions [M, *condition_shape].

        They are resized to what the model takes, and made into conditions as its data set makes
        them: `choices` are that data set's, such as `mask="eyes"`. Pictures can be samples of
        another model too: [M, C, H, W] in [-1, 1], of the model's own sides.
        """
        if self.generator.condition_shape is None:
            raise UsageError(f"{self.card.name} takes no conditions")
        if not isinstance(pictures, Tensor):
            pictures = Path(pictures).expanduser()
            if not pictures.exists():
                raise UsageError(f"there is no picture or folder {pictures}")
        part = self.card.require_config().recipe.data
        return conditions_of_pictures(part, self.generator, pictures, choices)

    def to(
        self,
        device: str | torch.device | torch.dtype | None = None,
        dtype: torch.dtype | None = None,
    ) -> Model:
        """Move both players to a device, a floating type or both, and return this model.

        Samples stay float32. A narrower type rounds the weights, and going back does not restore
        them.
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
        if isinstance(discriminator := self.__dict__.get("discriminator"), Discriminator):
            discriminator.to(self.device, self._dtype)  # only if it has been read
        return self

    def half(self) -> Model:
        """Compute in float16, in half of the memory; `to(torch.float32)` goes back."""
        return self.to(torch.float16)

    def latents(self, n: int, *, seed: int, start: int = 0) -> Tensor:
        """Latents number `start` to `start + n` of a seed: [n, D], the same on every device.

        Their type is the generator's: float32 unless `to` set another.
        """
        count, first = whole("n", n, least=1), whole("start", start, least=0)
        drawn = sampling.latents(self.generator, count, seed=seed_of(seed), start=first)
        return drawn.to(self.device, sampling.precision_of(self.generator))

    def styles(
        self,
        latents: Tensor,
        labels: GivenLabels = None,
        *,
        conditions: GivenConditions = None,
    ) -> Tensor:
        """Latents [n, D] -> the styles [n, L, W] of a `StyleGenerator`, on the CPU.

        `labels` or `conditions` are those of `sample`; by default they are drawn from seed 0.
        """
        if not isinstance(self.generator, StyleGenerator):
            raise UsageError(f"{self.card.name} has no styles: its generator is no StyleGenerator")
        request = self._request(None, 0, latents, None, labels, conditions, balanced=False)
        given = None if request.labels is None else request.labels[: request.n].to(self.device)
        with torch.no_grad():
            return self.generator.styles(latents.to(self.device), given).float().cpu()

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """The classes' names by number, as `sample(labels=...)` accepts them; empty without."""
        return tuple(self.card.require_config().class_names)

    @cached_property
    def condition_names(self) -> tuple[str, ...]:
        """The names of a condition's numbers, as `sample(conditions=...)` takes; empty without."""
        return tuple(self.card.require_config().condition_names)

    def labels(self, n: int, *, seed: int, balanced: bool = False) -> Tensor | None:
        """The classes or conditions that n samples of a seed get if none are given, or None."""
        count = whole("n", n, least=1)
        drawn = labels_for(self, count, seed_of(seed), balanced=balanced)
        return None if drawn is None else drawn[:count]

    @overload
    def sample(
        self,
        n: int | None = None,
        *,
        return_labels: Literal[False] = False,
        **options: Unpack[Options],
    ) -> Tensor: ...

    @overload
    def sample(
        self, n: int | None = None, *, return_labels: Literal[True], **options: Unpack[Options]
    ) -> tuple[Tensor, Tensor | None]: ...

    def sample(
        self,
        n: int | None = None,
        *,
        seed: int | None = None,
        latents: Tensor | None = None,
        styles: Tensor | None = None,
        labels: GivenLabels = None,
        conditions: GivenConditions = None,
        balanced: bool = False,
        batch: int = 64,
        truncation: float = 1.0,
        return_labels: bool = False,
    ) -> Tensor | tuple[Tensor, Tensor | None]:
        """Samples float32 [n, *S] on the CPU, in the data's range ([-1, 1] for images).

        `n` is 64 by default, or the number of `latents` or `styles`. `seed` None draws one, logs it
        and keeps it as `last_seed`. `latents` [n, D], or the `styles` [n, L, W] of a
        `StyleGenerator`, take the place of the seed's. `labels` are for models with classes: one
        for all or n of them, each a number or a class's name; by default they are drawn from the
        seed, in the shares of the training data, or evenly if `balanced`. `conditions` are for
        models with a `condition_shape` C: [*C] for all samples, or [M, *C], of which sample i gets
        number i modulo M, with M at most n; by default the model's own are used in the same way.
        Names with values, such as {"hair": "long03"}, change these alone in the model's own.
        `truncation` below 1 trades variety for typical samples; 1 changes nothing. With
        `return_labels`, the samples' labels or conditions [n, ...] come second, None if the model
        takes neither.
        """
        request = self._request(n, seed, latents, styles, labels, conditions, balanced)
        samples = torch.cat([*self._pieces(request, batch, truncation)])
        if not return_labels:
            return samples
        return samples, None if request.labels is None else request.labels[: request.n]

    def batches(
        self,
        n: int | None = None,
        *,
        seed: int | None = None,
        latents: Tensor | None = None,
        styles: Tensor | None = None,
        labels: GivenLabels = None,
        conditions: GivenConditions = None,
        balanced: bool = False,
        batch: int = 64,
        truncation: float = 1.0,
    ) -> Iterator[Tensor]:
        """The samples of `sample` piece by piece, for more of them than memory holds."""
        request = self._request(n, seed, latents, styles, labels, conditions, balanced)
        return self._pieces(request, batch, truncation)

    def images(self, n: int | None = 16, **options: Unpack[Options]) -> list[Image]:
        """Samples as PIL images, for models of pictures; `options` are those of `sample`."""
        return pictures.images(self.sample(n, **options), self.card)

    def grid(
        self, n: int | None = 64, *, columns: int | None = None, **options: Unpack[Options]
    ) -> Image:
        """Samples in one PIL image, about as wide as high unless `columns` is given.

        `options` are those of `sample`; without `seed` and `latents` the seed is 0.
        """
        if options.get("seed") is None and options.get("latents") is None:
            options["seed"] = 0
        return pictures.grid(self.sample(n, **options), self.card, columns)

    def lines(self, n: int | None = 16, **options: Unpack[Options]) -> list[str]:
        """Samples as lines of text, for models whose samples are text; `options` as of `sample`."""
        config = self.card.require_config()
        lines = writer_of(config.kind).lines(self.sample(n, **options), config.legend)
        if lines is None:
            raise UsageError(f"{self.card.name} draws {config.kind}, not text; use sample")
        return lines

    @property
    def view(self) -> View | None:
        """What samples are to the eye and the ear, as pages show them; None if no page can."""
        config = self.card.require_config()
        return writer_of(config.kind).view(tuple(self.generator.sample_shape), config.legend)

    def interpolate(
        self, seeds: Sequence[int] = (0, 1), frames: int = 8, **options: Unpack[Options]
    ) -> Tensor:
        """Samples [frames * (K - 1) + 1, *S] on the way through K seeds, each its first sample.

        The way is spherical between latents and straight between the styles of a `StyleGenerator`
        (Karras et al. 2019); `frames` lead from one seed to the next. `options` are `labels` (one
        for all), `conditions`, `batch` and `truncation`, as `sample` has them.
        """
        from ganzoo.latent import walk

        frames = whole("frames", frames, least=1)
        return walk(self, seeds, frames * (len(seeds) - 1) + 1, closed=False, **options)

    def save(self, folder: str | Path) -> Path:
        """Copy the model folder (card, weights, samples) into a new folder, which `load` opens."""
        folder, config = Path(folder).expanduser(), self.card.require_config()
        if folder.exists():
            raise UsageError(f"{folder} exists; give another folder")
        if not config.files:
            raise CardError(f"{self.card.name} has no weights yet; nothing was saved")
        with folder_written_whole(folder) as beside:
            for name in files_of(self.card.folder, config):
                shutil.copyfile(self.card.folder / name, beside / name)
        return folder

    def export(self, to: str, path: str | Path | None = None, **options: Any) -> Path:
        """Write the model for other programs, and return the file or folder.

        `to` is `onnx`, `torch`, or an exporter that a plugin offers; `options` are the exporter's
        own. Without `path` the model's name is used, in the working directory. What is written has
        been compared with the model; if anything fails, whatever was at `path` stays.
        """
        from ganzoo.exporters import export

        exported = export(self, to, None if path is None else Path(path), options)
        log.info("%s: %s", exported.path, exported.summary)
        return exported.path

    def push_to_hub(self, repo: str, *, private: bool = False, message: str = "") -> str:
        """Upload the model folder to the Hugging Face Hub as `owner/repo[@branch]`.

        Returns the commit's address, which `ganzoo.load` opens: `hf-hub:owner/repo@commit`. Raises
        `CardError` with a list of what the model lacks, `HubError` if the Hub refuses; then the
        branch is as it was.
        """
        from ganzoo.hub import Address, is_address
        from ganzoo.hub.push import push

        card = self.card
        if card.origin:
            raise UsageError(f"{card.name} is on the Hub already: {card.origin}")
        config = card.require_config()
        target = Address.parse(repo if is_address(repo) else f"hf-hub:{repo}")
        return str(
            push(card.folder, config, card.name, target, private=private, message=message).address
        )

    def sliders(self, **options: Any) -> Any:
        """Widgets for a notebook: seed, class, truncation and directions; see `ganzoo.latent`."""
        from ganzoo.latent import sliders

        return sliders(self, **options)

    def _repr_png_(self) -> bytes | None:
        """A grid of pictures; None for other data."""
        return pictures.png(self.grid()) if pictures.are_pictures(self.card) else None

    def _repr_html_(self) -> str:
        """What a notebook shows: the name, licences and figures, and a grid of pictures."""
        return pictures.about(self.card, self._repr_png_())

    def _request(
        self,
        n: int | None,
        seed: int | None,
        latents: Tensor | None,
        styles: Tensor | None,
        labels: GivenLabels,
        conditions: GivenConditions,
        balanced: bool,
    ) -> Request:
        """What a call asks for, checked, with its seed."""
        if latents is not None and styles is not None:
            raise UsageError("latents and styles were given; give one of them")
        if latents is not None:
            latents = checked_latents(self.generator, latents, self.card.name)
        if styles is not None:
            styles = checked_styles(self.generator, styles, self.card.name)
        n = count_of(n, latents if styles is None else styles)
        if seed is None:
            seed = secrets.randbits(32)
            if latents is None and styles is None:
                log.info("%s: sampled with seed %d", self.card.name, seed)
        self.last_seed = seed_of(seed)
        given = labels_for(self, n, self.last_seed, labels, conditions, balanced=balanced)
        return Request(n, self.last_seed, given, latents, styles)

    def _pieces(self, request: Request, batch: int, truncation: float) -> Iterator[Tensor]:
        """The samples of a request."""
        batch, given = whole("batch", batch, least=1), request.latents
        generator = truncated(self.generator, truncation)
        if given is not None and isinstance(generator, CutLatents):
            given = cut_normal(given, generator.cut)
        if request.styles is not None and isinstance(self.generator, StyleGenerator):
            average = self.generator.average_style.cpu()
            given = truncate_styles(request.styles.cpu(), average, truncation).flatten(1)
            generator = FromStyles(self.generator)
        pieces = sampling.batches(
            generator,
            request.n,
            seed=request.seed,
            labels=request.labels,
            batch=batch,
            given=given,
        )
        return self._precision_explained(pieces)

    def _precision_explained(self, pieces: Iterator[Tensor]) -> Iterator[Tensor]:
        """The pieces; an error of a network that cannot compute in the chosen type is explained."""
        try:
            yield from pieces
        except (RuntimeError, TypeError) as error:
            if self._dtype in (None, torch.float32):
                raise
            raise UsageError(
                f"{self.card.name} cannot sample in {self._dtype} on {self.device}: "
                f"{one_line(error)}; .to(torch.float32) goes back"
            ) from error
