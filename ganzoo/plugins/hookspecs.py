"""The hooks of ganzoo: all that a plugin can contribute, on one page.

Parts are named as `"module:attribute"` strings, so that no hook needs torch; whoever builds a
part imports it then. Names are lower-case words joined by '-'.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from ganzoo.plugins.events import RunRecord

hookspec = pluggy.HookspecMarker("ganzoo")
#: Marks a function of a plugin's module as its answer to the hook of that name.
hookimpl = pluggy.HookimplMarker("ganzoo")


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
    """Changes of what the discriminator sees: name to `"module:Class"` of an `Augmentation`."""


@hookspec
def ganzoo_schedules() -> Mapping[str, str]:  # type: ignore[empty-body]
    """How a number of the recipe moves: name to `"module:Class"` of a `ganzoo.Schedule`."""


@hookspec
def ganzoo_extractors() -> Mapping[str, str]:  # type: ignore[empty-body]
    """Feature extractors for metrics: name to `"module:Class"` of a `ganzoo.Extractor`."""


@hookspec
def ganzoo_metrics() -> Mapping[str, str]:  # type: ignore[empty-body]
    """Figures beside the core's: name to `"module:Class"` of a `ganzoo.Figure`."""


@hookspec
def ganzoo_trackers() -> Mapping[str, str]:  # type: ignore[empty-body]
    """Experiment trackers: name to `"module:Class"` of a `ganzoo.Tracker`."""


@hookspec
def ganzoo_writers() -> Mapping[str, str]:  # type: ignore[empty-body]
    """Sample writers: kind ("image", "audio") to `"module:function"` of (samples, path)."""


@hookspec
def ganzoo_cards() -> Iterable[Path | str]:  # type: ignore[empty-body]
    """Folders of model folders, or model folders themselves."""


@hookspec
def ganzoo_protocols() -> Iterable[Path | str]:  # type: ignore[empty-body]
    """Folders of protocols for `ganzoo bench`: `NAME.json`, as `ganzoo.specs.Protocol` has it."""


@hookspec
def ganzoo_commands() -> Mapping[str, tuple[str, str]]:  # type: ignore[empty-body]
    """Commands: name to (`"module:command"` of a click command, one line of help)."""


@hookspec
def ganzoo_training_started(run: RunRecord) -> None:
    """A training begins or goes on. Events are called on rank 0 only."""


@hookspec
def ganzoo_metrics_logged(run: RunRecord, metrics: Mapping[str, float]) -> None:
    """A row of metrics was logged, as plain floats."""


@hookspec
def ganzoo_checkpoint_saved(run: RunRecord, folder: Path) -> None:
    """A checkpoint was written whole into `folder`."""


@hookspec
def ganzoo_training_ended(run: RunRecord, outcome: str) -> None:
    """A training ended: `finished`, `interrupted` or `failed`."""
