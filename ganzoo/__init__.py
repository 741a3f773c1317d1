"""ganzoo: a plugin-based model zoo for generative adversarial networks.

    import ganzoo
    model = ganzoo.load("dcgan-mnist")
    images = model.sample(64, seed=0)        # float32 [64, 1, 28, 28] in [-1, 1]

Importing ganzoo imports no torch: names are looked up when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ganzoo._version import __version__

if TYPE_CHECKING:
    from ganzoo.build import create_discriminator, create_generator, create_loss
    from ganzoo.cards import Card
    from ganzoo.cards.installed import card, list_models
    from ganzoo.errors import GanzooError
    from ganzoo.evaluation import evaluate
    from ganzoo.extractors import open_extractor
    from ganzoo.files import written_whole
    from ganzoo.interfaces import (
        Augmentation,
        Dataset,
        Discriminator,
        Draw,
        Extractor,
        Figure,
        FigureInput,
        Generator,
        Loss,
        OwnPictures,
        Player,
        Round,
        Schedule,
        StyleGenerator,
        Terms,
        Tracker,
        Writer,
    )
    from ganzoo.plugins import hookimpl
    from ganzoo.run_folders import Run, runs
    from ganzoo.training import train
    from ganzoo.zoo import Model, load

__all__ = [
    "Augmentation",
    "Card",
    "Dataset",
    "Discriminator",
    "Draw",
    "Extractor",
    "Figure",
    "FigureInput",
    "GanzooError",
    "Generator",
    "Loss",
    "Model",
    "OwnPictures",
    "Player",
    "Round",
    "Run",
    "Schedule",
    "StyleGenerator",
    "Terms",
    "Tracker",
    "Writer",
    "__version__",
    "card",
    "create_discriminator",
    "create_generator",
    "create_loss",
    "evaluate",
    "hookimpl",
    "list_models",
    "load",
    "open_extractor",
    "runs",
    "train",
    "written_whole",
]

_HOMES = {
    "ganzoo.cards": ("Card",),
    "ganzoo.errors": ("GanzooError",),
    "ganzoo.evaluation": ("evaluate",),
    "ganzoo.extractors": ("open_extractor",),
    "ganzoo.files": ("written_whole",),
    "ganzoo.interfaces": (
        "Augmentation",
        "Dataset",
        "Discriminator",
        "Draw",
        "Extractor",
        "Figure",
        "FigureInput",
        "Generator",
        "Loss",
        "OwnPictures",
        "Player",
        "Round",
        "Schedule",
        "StyleGenerator",
        "Terms",
        "Tracker",
        "Writer",
    ),
    "ganzoo.cards.installed": ("card", "list_models"),
    "ganzoo.build": ("create_discriminator", "create_generator", "create_loss"),
    "ganzoo.plugins": ("hookimpl",),
    "ganzoo.run_folders": ("Run", "runs"),
    "ganzoo.training": ("train",),
    "ganzoo.zoo": ("Model", "load"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


#: Modules that are public as a whole.
_MODULES = ("datasets", "latent", "layers", "losses", "testing", "views")


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"ganzoo.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'ganzoo' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
