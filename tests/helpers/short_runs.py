"""Short real trainings: configs of a few keys, and what a run leaves behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor

from ganzoo.engine.config import config_of, resolve
from ganzoo.engine.run.options import Outcome, RunOptions
from ganzoo.engine.train import train
from ganzoo.specs import ModelConfig, merge

#: Fast enough for a few hundred steps of tiny networks to show something.
FAST = {"name": "adam", "lr": 2e-3, "arguments": {"betas": [0.5, 0.9]}}
#: Plain gradient descent: timm's name for SGD without Nesterov's step.
PLAIN = {"name": "momentum", "lr": 0.1, "arguments": {"momentum": 0.0}}


def config(
    loss: Any = "non-saturating",
    *,
    generator: Any = "tiny",
    discriminator: Any = "tiny",
    data: Any = "tiny-ring",
    kind: str = "tiny-points",
    steps: int = 5,
    **recipe: Any,
) -> ModelConfig:
    """A resolved config of `steps` steps; a part is a name, or a name and its arguments.

    The average follows the generator at once, so that an export holds the live weights.
    """
    raw = config_of("generator", "discriminator", "loss", "data")
    parts = {"loss": part(loss), "data": part(data)}
    given = {"batch": 16, "optimizers": {"generator": FAST, "discriminator": FAST}, **recipe}
    images = steps * given["batch"] * given.get("discriminator_steps", 1)
    base = {"ema": {"half_life": 0.0}, "images": images, **parts}
    raw |= {
        "generator": part(generator),
        "discriminator": part(discriminator),
        "kind": kind,
        "recipe": merge(base, given),
    }
    return resolve(raw, "a test")


def part(given: Any) -> dict[str, Any]:
    """A part as JSON: of a name, or of a name and its arguments."""
    name, arguments = (given, {}) if isinstance(given, str) else given
    return {"name": name, "arguments": arguments}


def play(config: ModelConfig, folder: Path, **options: Any) -> Outcome:
    """Train quietly in a folder, with a row of figures at each step.

    A signal meant for the tests, such as that of `timeout`, ends a training as if it were done.
    """
    options = {"log_every": 1, "quiet": True, **options}
    outcome = train(config, RunOptions(folder=folder, **options))
    assert outcome.kind != "interrupted", "a signal to the tests' process stopped this training"
    return outcome


def rows(folder: Path) -> list[dict[str, float]]:
    """A run's figures, row by row."""
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def exported(folder: Path, name: str = "model") -> dict[str, Tensor]:
    """The tensors of a run's exported generator (`model`) or `discriminator`."""
    return load_file(folder / "export" / f"{name}.safetensors")


def checkpoint(folder: Path) -> dict[str, Tensor]:
    """The tensors of a run's newest checkpoint."""
    newest = max((folder / "checkpoints").glob("[0-9]*"))
    return load_file(newest / "state.safetensors")


def ring_config(images: int = 6400, **recipe: Any) -> ModelConfig:
    """Tiny players on the ring of eight modes, resolved; `recipe` changes keys of the recipe."""
    raw = {**config_of("tiny", "tiny", "non-saturating", "tiny-ring"), "kind": "tiny-points"}
    raw["recipe"] = merge(raw["recipe"], {"images": images, **recipe})
    return resolve(raw, "the test")


def run_ring(folder: Path, images: int = 6400, **recipe: Any) -> Outcome:
    """Train tiny players on the ring, quietly."""
    return train(ring_config(images, **recipe), RunOptions(folder, quiet=True))
