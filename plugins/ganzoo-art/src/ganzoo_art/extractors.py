"""Extractors for drawings: a small encoder with a head for each attribute, and one for style.

The 64 features have mean 0 and variance 1 over the training drawings, as in the core's extractors,
so that distances are comparable.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, normalize

from ganzoo import Extractor
from ganzoo_art.letters import LETTERS
from ganzoo_art.portraits import names_of_values
from ganzoo_art.sheets import ArtError

WEIGHTS = Path(__file__).with_name("weights")
#: The side of the encoder's last square.
LAST = 4
Strides = tuple[int, int, int, int, int]
#: Strides of the five convolutions by the side of the drawings; all end at 4x4.
STRIDES: Mapping[int, Strides] = {16: (1, 1, 2, 1, 2), 32: (1, 2, 1, 2, 2)}


class DrawingExtractor(Extractor):
    """Features of an encoder, for squares of `side` pixels or of a whole multiple of it.

    Larger drawings are first reduced by averaging squares of pixels, which restores `pixel-faces`
    of 32 pixels exactly as drawn at 16. `sample_shape` is None if several sizes are taken.
    """

    def __init__(
        self, name: str, side: int, channels: int, width: int = 32, feature_dim: int = 64
    ) -> None:
        super().__init__()
        self.name, self.side, self.channels, self.feature_dim = name, side, channels, feature_dim
        if channels == 1:
            self.sample_shape = (channels, side, side)
        widths = (channels, width, width, 2 * width, 2 * width, 2 * width)
        layers: list[nn.Module] = []
        for inputs, outputs, stride in zip(widths, widths[1:], STRIDES[side], strict=False):
            layers += [
                nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
                nn.BatchNorm2d(outputs),
                nn.ReLU(),
            ]
        self.encoder = nn.Sequential(
            *layers,
            nn.Flatten(),
            nn.Linear(2 * width * LAST**2, feature_dim, bias=False),
            nn.BatchNorm1d(feature_dim, affine=False),
        )

    def forward(self, samples: Tensor) -> Tensor:
        """Samples [N, C, H, H] in [-1, 1] -> features [N, F]."""
        features: Tensor = self.encoder(self._own_size(samples))
        return features

    def _own_size(self, samples: Tensor) -> Tensor:
        """Samples reduced to the encoder's side; `ArtError` for other sizes and channels."""
        _, channels, height, width = samples.shape
        if channels != self.channels or height != width or height % self.side:
            raise ArtError(
                f"{self.name} takes squares of {self.side} pixels or a multiple of it, of "
                f"{self.channels} channels, found {list(samples.shape[1:])}; choose another with "
                "--extractor"
            )
        times = height // self.side
        return samples if times == 1 else avg_pool2d(samples, times)


class AttributeExtractor(DrawingExtractor):
    """An encoder trained on attributes, with a head for their values.

    `heads` gives the number of values of each attribute; `main` is the attribute whose scores are
    `logits`. All share a hidden layer, so that the features of a value need not collapse to a
    point. `shares` are the mean `probabilities` of the training drawings.
    """

    HIDDEN = 128
    shares: Tensor

    def __init__(
        self,
        name: str,
        side: int,
        channels: int,
        heads: Mapping[str, int],
        main: str,
        width: int = 32,
        feature_dim: int = 64,
    ) -> None:
        super().__init__(name, side, channels, width, feature_dim)
        if main not in heads:
            raise ArtError(f"{name} has no attribute {main!r}; there are {', '.join(heads)}")
        self.heads, self.main, self.num_classes = dict(heads), main, heads[main]
        self.head = nn.Sequential(
            nn.ReLU(),
            nn.Linear(feature_dim, self.HIDDEN),
            nn.ReLU(),
            nn.Linear(self.HIDDEN, sum(heads.values())),
        )
        self.register_buffer("shares", torch.zeros(sum(heads.values())))

    def scores(self, features: Tensor) -> dict[str, Tensor]:
        """Features [N, F] -> the scores of each attribute's values, [N, K] each."""
        return self.by_attribute(self.head(features))

    def by_attribute(self, values: Tensor) -> dict[str, Tensor]:
        """Numbers for all values [..., sum of K] -> those of each attribute, [..., K]."""
        pieces = torch.split(values, list(self.heads.values()), -1)
        return dict(zip(self.heads, pieces, strict=True))

    def probabilities(self, samples: Tensor) -> Tensor:
        """Samples [N, C, H, H] -> the probability of each value of each attribute [N, sum of K].

        Their means are shares. For hidden values, such as the colour of eyes behind glasses, these
        are the data's shares, where the most probable value would always be the same.
        """
        scores = self.scores(self(samples)).values()
        return torch.cat([one.softmax(1) for one in scores], 1)

    def logits(self, samples: Tensor) -> Tensor:
        """Samples [N, C, H, H] -> scores of the main attribute's values [N, K]."""
        return self.outputs(samples)["logits"]

    def outputs(self, samples: Tensor) -> dict[str, Tensor]:
        """`features` [N, F], `logits` of the main attribute, `attribute:NAME` of each; one pass."""
        features = self(samples)
        scores = self.scores(features)
        attributes = {f"attribute:{name}": values for name, values in scores.items()}
        return {"features": features, "logits": scores[self.main], **attributes}


class StyleExtractor(DrawingExtractor):
    """An encoder whose features of two letters have the same direction if their font is the same.

    `threshold` is the least cosine at which two letters are judged to have the same font.
    """

    threshold: Tensor

    def __init__(
        self, name: str, side: int = 32, channels: int = 1, width: int = 32, feature_dim: int = 64
    ) -> None:
        super().__init__(name, side, channels, width, feature_dim)
        self.register_buffer("threshold", torch.zeros(()))

    def directions(self, samples: Tensor) -> Tensor:
        """Samples [N, 1, H, H] -> features of length 1 [N, F], whose products are cosines."""
        return normalize(self(samples))

    def same_font(self, one: Tensor, other: Tensor) -> Tensor:
        """Directions [N, F] and [N, F] of letters -> whether each pair has one font, bool [N]."""
        judged: Tensor = (one * other).sum(1) >= self.threshold
        return judged


NETWORKS: Mapping[str, type[DrawingExtractor]] = {
    "attributes": AttributeExtractor,
    "autoencoder": DrawingExtractor,
    "style": StyleExtractor,
}

Kind = TypeVar("Kind", bound=DrawingExtractor)


def read_config(folder: Path) -> dict[str, Any]:
    """The config.json of a folder of weights, in the form of the core's extractors."""
    config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return config


def open_weights(kind: type[Kind], name: str, folder: Path = WEIGHTS, **changed: Any) -> Kind:
    """The trained extractor of a name, frozen, in eval mode; its bytes are checked by sha256.

    `changed` are arguments that replace those of its config.
    """
    config = read_config(folder / name)
    data = (folder / name / "model.safetensors").read_bytes()
    if hashlib.sha256(data).hexdigest() != config["file"]["sha256"]:
        raise ArtError(f"the weights of {name} do not match its config; install ganzoo-art again")
    with torch.device("meta"):  # every parameter and buffer is in the file
        network = kind(**{"name": name, **config["network"]["arguments"], **changed})
    network.load_state_dict(load(data), assign=True)
    return network.eval().requires_grad_(False)


def cnn_letters() -> Extractor:
    """Trained on letters with their classes."""
    network = open_weights(AttributeExtractor, "cnn-letters")
    network.value_names = {"letter": LETTERS}
    return network


def cnn_pixel_faces(model: str | None = None) -> Extractor:
    """Trained on pixel faces with all attributes; `model` names that of `logits`, default hair."""
    return _of_attribute("pixel-faces", model)


def cnn_faces(model: str | None = None) -> Extractor:
    """Trained on faces with all attributes; `model` names that of `logits`, default hair."""
    return _of_attribute("faces", model)


def _of_attribute(data: str, attribute: str | None) -> AttributeExtractor:
    """The extractor of a data set; an attribute whose scores are `logits` is part of its name."""
    name = f"cnn-{data}"
    if attribute is None:
        network = open_weights(AttributeExtractor, name)
    else:
        network = open_weights(AttributeExtractor, name, main=attribute)
        network.name = f"{name}:{attribute}"
    network.value_names = names_of_values(data)
    return network


def style_letters() -> Extractor:
    """Trained on the style of letters, whichever letter they are."""
    return open_weights(StyleExtractor, "style-letters")


def ae_letters() -> Extractor:
    """Trained on letters without labels: the control of `cnn-letters`."""
    return open_weights(DrawingExtractor, "ae-letters")


def ae_pixel_faces() -> Extractor:
    """Trained on pixel faces without labels: the control of `cnn-pixel-faces`."""
    return open_weights(DrawingExtractor, "ae-pixel-faces")


def ae_faces() -> Extractor:
    """Trained on faces without labels: the control of `cnn-faces`."""
    return open_weights(DrawingExtractor, "ae-faces")
