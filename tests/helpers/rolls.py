"""Small music: piano rolls whose notes follow the latent, and a writer that says what they are."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from ganzoo import Generator, Writer
from ganzoo.cards import Catalogue, using
from ganzoo.conditions import Conditions, save_conditions
from ganzoo.plugins import PART_HOOKS, PluginManager
from ganzoo.specs import Part
from ganzoo.views import Notes
from ganzoo.weights import save_weights
from ganzoo.writers.by_kind import write_heard
from model_folders import describe
from tiny import tiny_plugin

TRACKS, STEPS, PITCHES, LOWEST = ("high", "low"), 16, 24, 48


class Rolls(Generator):
    """Latents [N, 2] -> rolls [N, 2, 16, 24]: a scale up from each latent, four steps a note."""

    sample_shape, latent_dim = (len(TRACKS), STEPS, PITCHES), 2

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("rise", torch.arange(STEPS).div(4, rounding_mode="floor") * 2.0)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        heights = (8 + 3 * latents)[:, :, None, None] + self.rise[:, None]
        return 1 - (torch.arange(PITCHES) - heights).abs()


class Harmony(Generator):
    """Melodies [N, 1, 16, 24] -> rolls in which the second track is four semitones lower."""

    sample_shape, latent_dim = (len(TRACKS), STEPS, PITCHES), 1
    condition_shape = (1, STEPS, PITCHES)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        assert labels is not None
        return torch.cat([labels, labels.roll(-4, 3)], 1) + 0 * latents[:, :, None, None]


class RollWriter(Writer):
    """Writes how many notes sound; a page plays them."""

    endings = (".txt",)

    def write(self, samples: Tensor, path: Path, legend: object) -> list[Path]:
        path.write_text(f"{int((samples >= 0.5).sum())}\n")
        return [path]

    def view(self, sample_shape: tuple[int, ...], legend: object) -> Notes:
        return Notes(LOWEST, 4, 120, tracks=TRACKS, threshold=0.5)


@contextmanager
def rolls_offered() -> Iterator[None]:
    """A world of the core, and of a plugin with these parts."""
    offers = {
        PART_HOOKS["generator"]: {"rolls": "rolls:Rolls", "harmony": "rolls:Harmony"},
        PART_HOOKS["writer"]: {"rolls": "rolls:RollWriter"},
    }
    with using(Catalogue(PluginManager([tiny_plugin(**offers)]))):
        yield


def rolls_model(folder: Path) -> Path:
    """A model folder of small music."""
    folder.mkdir()
    part = Part("tiny/rolls")
    save_weights(folder / "model.safetensors", Rolls(), part)
    return describe(folder, name=folder.name, kind="rolls", generator={"name": part.name})


def harmony_model(folder: Path) -> Path:
    """A model folder that adds a second track to melodies; its own are single long notes."""
    folder.mkdir()
    part = Part("tiny/harmony")
    save_weights(folder / "model.safetensors", Harmony(), part)
    own = torch.zeros(8, 1, STEPS, PITCHES)
    own[torch.arange(8), 0, :, torch.arange(8) + 10] = 1.0
    save_conditions(folder / "conditions.safetensors", Conditions(own, own))
    return describe(folder, name=folder.name, kind="rolls", generator={"name": part.name})


def rolls_run(run: Path, folder: Path) -> Path:
    """A copy of a run, which says that it makes small music: a chord at 32 images, one at 160."""
    shutil.copytree(run, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "kind": "rolls"}))
    for images, pitch in ((32, 0), (160, 12)):
        samples = torch.zeros(20, len(TRACKS), STEPS, PITCHES)
        samples[:, :, :4, pitch] = 1.0
        write_heard("rolls", samples, folder / "samples" / f"{images:012d}", {})
    return folder
