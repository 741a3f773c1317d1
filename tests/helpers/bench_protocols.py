"""Small protocols, tiny players on the core's ring, and an extractor, for tests of the bench."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from torch import Tensor

from ganzoo import Extractor
from ganzoo.specs import Protocol, merge, read_protocol

#: The least protocol: two entries and a control, a few hundred points, two seeds.
BASE: dict[str, Any] = {
    "ganzoo_protocol": 1,
    "name": "small",
    "title": "Small rings",
    "source": {"paper": "Nobody 2026", "section": "section 1"},
    "budget": "640 points",
    "seeds": 2,
    "paper_images": 6400,
    "model": {
        "kind": "points",
        "generator": {"name": "tiny"},
        "discriminator": {"name": "tiny"},
        "recipe": {
            "loss": {"name": "non-saturating"},
            "data": {"name": "ring", "arguments": {"sigma": 0.3, "length": 1000}},
            "batch": 32,
            "images": 640,
        },
    },
    "tables": [
        {
            "name": "ring",
            "title": "A ring",
            "measure": {"name": "modes", "arguments": {"n": 200}},
            "controls": ["real"],
        }
    ],
    "entries": [
        {
            "name": "gan",
            "table": "ring",
            "title": "GAN",
            "published": {"modes": "6.3 ± 0.5"},
            "published_in": "Nobody 2026, table 1",
        },
        {"name": "hinge", "table": "ring", "model": {"recipe": {"loss": {"name": "hinge"}}}},
    ],
}


def protocol_data(*more: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """The least protocol with keys laid over it, and more entries."""
    data = merge(BASE, keys)
    return {**data, "entries": [*data["entries"], *more]}


def write_protocol(folder: Path, *more: dict[str, Any], **keys: Any) -> Path:
    """The same as a file of its name."""
    data = protocol_data(*more, **keys)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{data['name']}.json"
    path.write_text(json.dumps(data))
    return path


def protocol_of(folder: Path, *more: dict[str, Any], **keys: Any) -> Protocol:
    """The same, read."""
    return read_protocol(write_protocol(folder, *more, **keys))


class Bars(Extractor):
    """Knows an image's class by its brightest row of ten: images [N, 1, 10, 10]."""

    name, feature_dim, num_classes, sample_shape = "bars", 10, 10, (1, 10, 10)

    def forward(self, samples: Tensor) -> Tensor:
        return samples.mean((1, 3))

    def logits(self, samples: Tensor) -> Tensor:
        return 20 * self(samples)
