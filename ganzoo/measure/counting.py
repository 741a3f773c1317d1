"""Data sets whose modes are known, so that they can be counted among samples.

The modes of a Gaussian mixture are seen in the points themselves; those of Stacked-MNIST by a
classifier of digits.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ganzoo.build import build, dataset_class
from ganzoo.data.points import GaussianMixture
from ganzoo.data.stacked_mnist import StackedMNIST
from ganzoo.errors import MetricError
from ganzoo.extractors import open_extractor
from ganzoo.interfaces import Dataset, Extractor
from ganzoo.measure.features import extract
from ganzoo.measure.figures import CONFIDENT
from ganzoo.measure.measurement import Values
from ganzoo.metrics import count_modes, stacked_modes
from ganzoo.specs import Part

#: The classifier of Stacked-MNIST's digits.
DIGITS = "cnn-mnist"
#: Digits that are shown to the classifier at once.
AT_ONCE = 1_000


class Counting(ABC):
    """How one data set's modes are counted."""

    @abstractmethod
    def values(self, samples: Tensor) -> Values:
        """The figures of samples [N, *S]."""

    @property
    @abstractmethod
    def modes_in_words(self) -> str:
        """What is counted, for a sentence that says what samples were measured against."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader has to know beyond the figures' names."""
        return ()


class MixtureModes(Counting):
    """The modes of a Gaussian mixture among points [N, 2] (Lin et al. 2018, section 4.1)."""

    def __init__(self, mixture: GaussianMixture, name: str) -> None:
        self.mixture, self.name = mixture, name

    def values(self, samples: Tensor) -> Values:
        """The counts; two of them exist only where a point lies near a mode."""
        counts = asdict(count_modes(samples, self.mixture.centres, self.mixture.sigma))
        return {key: float(value) for key, value in counts.items() if value is not None}

    @property
    def modes_in_words(self) -> str:
        """How many modes of which width."""
        return f"the {len(self.mixture.centres)} modes of {self.name}, sigma {self.mixture.sigma:g}"


class StackedModes(Counting):
    """The thousand modes of Stacked-MNIST among images [N, 3, H, W] (Lin et al. 2018, section 4.2).

    A classifier reads the digits of each channel, which are resized to its size as the data set
    resized them.
    """

    def __init__(self, classifier: Extractor, threshold: float = CONFIDENT) -> None:
        if classifier.num_classes is None:
            raise MetricError(
                f"extractor {classifier.name} knows no classes; digits need a classifier"
            )
        self.classifier, self.threshold = classifier, threshold

    def values(self, samples: Tensor) -> Values:
        """The counts, and the divergence of the modes' histogram from the even one."""
        if samples.dim() != 4 or samples.shape[1] != 3:
            found = list(samples.shape)
            raise MetricError(f"stacked digits are images [N, 3, H, W], found {found}")
        digits = resized(samples.flatten(0, 1).unsqueeze(1), self.classifier)
        shown = extract(self.classifier, torch.split(digits, AT_ONCE), "samples")
        if shown.logits is None:
            raise MetricError(
                f"extractor {self.classifier.name} gave no class scores; digits need a classifier"
            )
        counts = stacked_modes(shown.logits.view(len(samples), 3, -1), threshold=self.threshold)
        return {key: float(value) for key, value in asdict(counts).items()}

    @property
    def modes_in_words(self) -> str:
        """Whose digits make the modes, and who reads them."""
        return f"the 1,000 modes of stacked-mnist, read by {self.classifier.name}"

    @property
    def notes(self) -> tuple[str, ...]:
        """How to read a number of modes and a divergence that depend on the number of samples."""
        return (
            "one sample of any quality counts as a mode, so read the confident ones beside it; KL "
            "and modes depend on the number of samples, which papers set to 26,000",
        )


def counting_of(data: Part) -> Counting | None:
    """How to count a data set's modes; None, without building it, where they are not known."""
    kind = dataset_class(data)
    if issubclass(kind, StackedMNIST):
        return StackedModes(open_extractor(DIGITS))
    if not issubclass(kind, GaussianMixture):
        return None
    mixture = build(Dataset, data)
    return MixtureModes(mixture, data.bare_name) if isinstance(mixture, GaussianMixture) else None


def resized(digits: Tensor, extractor: Extractor) -> Tensor:
    """Digits [N, 1, H, W] at the size that an extractor takes."""
    size = None if extractor.sample_shape is None else extractor.sample_shape[-2:]
    if size is None or digits.shape[-2:] == size:
        return digits
    pieces = torch.split(digits, AT_ONCE)
    return torch.cat([interpolate(p, size, mode="bilinear", antialias=True) for p in pieces])
