"""The hooks of ganzoo: everything that a plugin can contribute, on one page.

Parts are `"module:attribute"` strings, so that no hook needs torch: a part is imported when it is
built. Names are lower-case words joined by '-'.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from ganzoo.specs import Recipe

hookspec = pluggy.HookspecMarker("ganzoo")
#: Marks a function of a plugin's module as its implementation of the hook of that name.
hookimpl = pluggy.HookimplMarker("ganzoo")


@dataclass(frozen=True)
class RunRecord:
    """A training as its listeners see it: its folder, its recipe and the images it has seen."""

    folder: Path
    recipe: Recipe
    images_seen: int


@hookspec
def ganzoo_generators() -> Mapping[str, str]:  # type: ignore[empty-body]
    """Generators: name to `"module:Class"` of a `ganzoo.Generator`."""


@hookspec
def ganzoo_discriminators() -> Mapping[str, str]:  # type: ignore[empty-body]
    """Discriminators and critics: name to `"module:Class"` of a `ganzoo.Discriminator`."""


@hookspec
def ganzoo_losses() -> Mapping[str, str]:  # type: ignore[empty-body]
    """Losses: name to `"module:Class"` of a `ganzoo.Loss`."""


@hookspec
def ganzoo_datasets() -> Mapping[str, str]:  # type: ignore[empty-body]
    """Data sets: name to `"module:Class"` of a `ganzoo.Dataset`."""


@hookspec
def ganzoo_augmentations() -> Mapping[str, str]:  # type: ignore[empty-body]
    """Augmentations of what the discriminator sees: name to `"module:Class"`."""


@hookspec
def ganzoo_schedules() -> Mapping[str, str]:  # type: ignore[empty-body]
    """Schedules for numbers of a recipe: name to `"module:Class"` of a `ganzoo.Schedule`."""


@hookspec
def ganzoo_extractors() -> Mapping[str, str]:  # type: ignore[empty-body]
    """Feature extractors for metrics: name to `"module:Class"` of a `ganzoo.Extractor`."""


@hookspec
def ganzoo_metrics() -> Mapping[str, str]:  # type: ignore[empty-body]
    """Metrics: name to `"module:Class"` of a `ganzoo.Figure`."""


@hookspec
def ganzoo_trackers() -> Mapping[str, str]:  # type: ignore[empty-body]
    """Experiment trackers: name to `"module:Class"` of a `ganzoo.Tracker`."""


@hookspec
def ganzoo_writers() -> Mapping[str, str]:  # type: ignore[empty-body]
    """Sample writers: kind ("image", "audio") to `"module:Class"` of a `ganzoo.Writer`.

    A function of (samples, path) that returns the files does too.
    """


@hookspec
def ganzoo_exporters() -> Mapping[str, str]:  # type: ignore[empty-body]
    """Exporters: format to `"module:function"` of (model, path) and options of its own."""


@hookspec
def ganzoo_cards() -> Iterable[Path | str]:  # type: ignore[empty-body]
    """Folders of model folders, or model folders themselves."""


@hookspec
def ganzoo_protocols() -> Iterable[Path | str]:  # type: ignore[empty-body]
    """Folders of protocols for `ganzoo bench`: `NAME.json`, read as `ganzoo.specs.Protocol`."""


@hookspec
def ganzoo_commands() -> Mapping[str, tuple[str, str]]:  # type: ignore[empty-body]
    """Commands: name to (`"module:command"` of a click command, one line of help)."""


@hookspec
def ganzoo_training_started(run: RunRecord) -> None:
    """A training starts or resumes. Events are called on rank 0 only."""


@hookspec
def ganzoo_metrics_logged(run: RunRecord, metrics: Mapping[str, float]) -> None:
    """A row of metrics was logged, as plain floats."""


@hookspec
def ganzoo_checkpoint_saved(run: RunRecord, folder: Path) -> None:
    """A checkpoint was written to `folder`."""


@hookspec
def ganzoo_training_ended(run: RunRecord, outcome: str) -> None:
    """A training ended: `finished`, `interrupted` or `failed`."""
