"""The networks of the core's own extractors: small, frozen, and for images of about 28x28.

One encoder serves both kinds. The classifier learns labels; the autoencoder, which never sees them,
is the control: what only labels reveal, or only labels get wrong, shows as a difference of the two.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from ganzoo.interfaces import Extractor


class Encoder(nn.Module):
    """Images [N, C, H, W] -> features [N, F], each with mean 0 and variance 1 over the data.

    The last normalisation has no scale, so that distances of all extractors with F features are
    comparable: the features' total variance is F.
    """

    def __init__(self, sample_shape: Sequence[int], width: int, feature_dim: int) -> None:
        super().__init__()
        channels, height, wide = sample_shape
        layers: list[nn.Module] = []
        for inputs, outputs, stride in (
            (channels, width, 1),
            (width, width, 2),
            (width, 2 * width, 1),
            (2 * width, 2 * width, 2),
            (2 * width, 2 * width, 2),
        ):
            layers += [
                nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
                nn.BatchNorm2d(outputs),
                nn.ReLU(),
            ]
            height, wide = (height + stride - 1) // stride, (wide + stride - 1) // stride
        self.layers = nn.Sequential(
            *layers,
            nn.Flatten(),
            nn.Linear(2 * width * height * wide, feature_dim, bias=False),
            nn.BatchNorm1d(feature_dim, affine=False),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Images [N, C, H, W] in [-1, 1] -> features [N, F]."""
        features: Tensor = self.layers(images)
        return features


class EncoderExtractor(Extractor):
    """Features of an encoder, for samples of one shape."""

    def __init__(
        self, name: str, sample_shape: Sequence[int], width: int = 24, feature_dim: int = 64
    ) -> None:
        super().__init__()
        self.name = name
        self.sample_shape = tuple(sample_shape)
        self.feature_dim = feature_dim
        self.encoder = Encoder(sample_shape, width, feature_dim)

    def forward(self, samples: Tensor) -> Tensor:
        """Samples [N, C, H, W] in [-1, 1] -> features [N, F]."""
        features: Tensor = self.encoder(samples)
        return features


class ClassifierExtractor(EncoderExtractor):
    """An encoder trained to tell classes apart, with its head.

    The head has a hidden layer, so that the features of a class need not collapse to a point.
    """

    HIDDEN = 64

    def __init__(
        self,
        name: str,
        sample_shape: Sequence[int],
        num_classes: int,
        width: int = 24,
        feature_dim: int = 64,
    ) -> None:
        super().__init__(name, sample_shape, width, feature_dim)
        self.num_classes = num_classes
        self.head = nn.Sequential(
            nn.ReLU(),
            nn.Linear(feature_dim, self.HIDDEN),
            nn.ReLU(),
            nn.Linear(self.HIDDEN, num_classes),
        )

    def logits(self, samples: Tensor) -> Tensor:
        """Samples [N, C, H, W] -> class scores [N, K]."""
        return self.outputs(samples)["logits"]

    def outputs(self, samples: Tensor) -> dict[str, Tensor]:
        """`features` [N, F] and `logits` [N, K] in one pass."""
        features = self(samples)
        return {"features": features, "logits": self.head(features)}


class AutoencoderExtractor(EncoderExtractor):
    """An encoder trained with a decoder that reconstructs the image from its features."""


class Decoder(nn.Module):
    """Features [N, F] -> images [N, C, H, W] in [-1, 1]; needed in training only."""

    def __init__(self, sample_shape: Sequence[int], width: int = 24, feature_dim: int = 64) -> None:
        super().__init__()
        channels, height, wide = sample_shape
        self.start = (2 * width, (height + 3) // 4, (wide + 3) // 4)
        self.project = nn.Linear(feature_dim, self.start[0] * self.start[1] * self.start[2])
        self.layers = nn.Sequential(
            nn.ReLU(),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(2 * width, width, 3, padding=1),
            nn.ReLU(),
            nn.Upsample((height, wide)),
            nn.Conv2d(width, channels, 5, padding=2),
            nn.Tanh(),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Features [N, F] -> images [N, C, H, W] in [-1, 1]."""
        images: Tensor = self.layers(self.project(features).unflatten(1, self.start))
        return images
