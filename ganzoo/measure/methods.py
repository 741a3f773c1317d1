"""How samples are measured: in an extractor's features, or as they are.

Each method computes the core's figures, the anchors' figures beside them, and the protocol.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

from ganzoo.build import is_here, qualify
from ganzoo.data.splits import drawn, splits
from ganzoo.errors import MetricError, UsageError, brief
from ganzoo.extractors import extractors_of, open_extractor
from ganzoo.interfaces import Dataset, Extractor
from ganzoo.measure.anchors import ANCHORS, anchors
from ganzoo.measure.counting import counting_of
from ganzoo.measure.features import KEPT, NEIGHBOURS, check_enough
from ganzoo.measure.figures import feature_figures
from ganzoo.measure.measurement import REAL, Values
from ganzoo.measure.plugin_figures import PluginFigures, plugin_figures_for
from ganzoo.measure.real_statistics import (
    MOST,
    keep,
    reference_for,
    shipped_or_made,
)
from ganzoo.measure.references import Reference
from ganzoo.measure.sample_set import SampleSet
from ganzoo.measure.sources import SampleSource
from ganzoo.specs import Part
from ganzoo.terminal import Tell, silent


class Method(ABC):
    """A way to measure samples; `data` is the data set that they are compared with."""

    data: Part
    extractor: Extractor | None
    plugin_figures: PluginFigures

    @property
    def data_in_words(self) -> str:
        """The data set's bare name."""
        return self.data.bare_name

    @abstractmethod
    def values(self, samples: SampleSet) -> Values:
        """The core's figures of samples."""

    @abstractmethod
    def anchors(self, n: int) -> Mapping[str, Mapping[str, float]]:
        """The figures of n real samples (the floor) and of other anchors, by the anchor's name."""

    @abstractmethod
    def protocol(self, n: int, seeds: Sequence[int], drawn_for: str) -> str:
        """What is measured against what, in words."""

    @abstractmethod
    def notes(self, n: int) -> list[str]:
        """What a reader of the figures has to know beyond their names."""

    def check(self, source: SampleSource, n: int) -> None:  # noqa: B027 - nothing may be wrong
        """Refuse samples that this method would give wrong figures for."""


class InFeatures(Method):
    """Figures in an extractor's features, against statistics of real samples."""

    extractor: Extractor

    def __init__(self, extractor: Extractor, real: Reference, *, plugins: bool = True) -> None:
        self.extractor, self.real = extractor, real.require(extractor)
        self.data = real.about.data
        self.plugin_figures = plugin_figures_for(self.data, ask=plugins)

    @property
    def data_in_words(self) -> str:
        """The data set's bare name; with arguments, the hash of its content too."""
        about = self.real.about
        return self.data.bare_name + (f" ({about.data_hash[:8]})" if self.data.arguments else "")

    def check(self, source: SampleSource, n: int) -> None:
        """Refuse samples of another shape than the real ones, more than exist, and too few."""
        about = self.real.about
        if source.shape != about.sample_shape:
            raise MetricError(
                f"{source.name}: samples of shape {list(source.shape)}, and those of "
                f"{about.data.name} have {list(about.sample_shape)}; only samples of one "
                "shape are compared"
            )
        check_count(source, self.extractor, n)

    def values(self, samples: SampleSet) -> Values:
        """The core's figures in features."""
        return feature_figures(samples.extracted, self.real)

    def anchors(self, n: int) -> Mapping[str, Mapping[str, float]]:
        """The anchors' figures at n samples; empty where they were not measured."""
        rows = self.real.anchors(n)
        return {name: rows[name] for name in ANCHORS if name in rows}

    def protocol(self, n: int, seeds: Sequence[int], drawn_for: str) -> str:
        """Features of what, against what, and which samples."""
        return (
            f"{self.extractor.feature_dim} features of {self.extractor.name}, against "
            f"{self.real.about.n:,} test samples of {self.data_in_words}; "
            f"{samples_in_words(n, seeds, drawn_for)}"
        )

    def notes(self, n: int) -> list[str]:
        """How many samples each figure uses, and which figures are left out and why."""
        real, about, name = self.real, self.real.about, self.data.bare_name
        some = min(n, NEIGHBOURS, len(real.features))
        notes = [
            f"precision, recall, density and coverage use the first {some:,} samples and "
            f"{len(real.features):,} real ones"
        ]
        if about.n <= self.extractor.feature_dim:
            notes.append(
                f"FD is left out: {self.extractor.feature_dim} features need more real samples "
                f"than {about.n:,}; the other figures are rough with so few"
            )
        if n > KEPT:
            notes.append(f"the kernel distance uses the first {KEPT:,} samples")
        if about.halves:
            notes.append(
                f"{name} has no test split: real samples are a random half of it, which a model "
                "may have been trained on; memorisation compares with all of it"
            )
        if real.training is None:
            notes.append(
                "memorisation and sliced Wasserstein are left out: they need "
                f"{name} itself, not its statistics alone"
            )
        elif self.anchors(n) and (available := self._training_samples()) < min(n, MOST):
            notes.append(f"the floor uses {available:,} real training samples: there are no more")
        if real.training is not None and len(real.training) < about.training:
            notes.append(
                f"memorisation compares with {len(real.training):,} of {about.training:,} "
                "training samples"
            )
        if not self.anchors(n):
            notes.append(f"the anchors were not measured at {n:,} samples, and need the data set")
        return [*notes, *self._notes_on_extractor()]

    def _notes_on_extractor(self) -> Iterator[str]:
        """What the extractor does not see."""
        name = self.extractor.name
        if self.extractor.num_classes is None:
            yield f"{name} knows no classes: no class KL and no confident share"
        if self.real.lacks_classes:
            yield f"no class KL: some of {name}'s classes win no real sample"
        if self.extractor.caveat:
            yield self.extractor.caveat

    def _training_samples(self) -> int:
        """The number of real samples for the floor."""
        about = self.real.about
        known = about.training or (0 if self.real.training is None else len(self.real.training))
        return (known + 1) // 2 if about.halves else known


class AsTheyAre(Method):
    """Figures of samples whose data set has no extractor.

    Its modes are counted where they are known; beside them are plugins' figures that need no
    extractor. False where there is nothing to measure.
    """

    extractor = None

    def __init__(self, data: Part) -> None:
        self.data, self.counting = data, counting_of(data)
        self.plugin_figures = plugin_figures_for(data).without_extractor()

    def __bool__(self) -> bool:
        return self.counting is not None or bool(self.plugin_figures.figures)

    def check(self, source: SampleSource, n: int) -> None:
        """Refuse samples of another shape than the real ones, or that mean something else."""
        if self.plugin_figures.splits is None:
            return
        _, real = self.plugin_figures.splits
        shapes = list(source.shape), list(real.sample_shape)
        if shapes[0] != shapes[1]:
            raise MetricError(
                f"{source.name}: samples of shape {shapes[0]}, and those of {self.data.name} have "
                f"{shapes[1]}; only samples of one shape are compared"
            )
        for name in sorted({*source.legend, *real.legend}):
            ours, theirs = source.legend.get(name), real.legend.get(name)
            if ours != theirs:
                raise MetricError(
                    f"{source.name}: the {name} of its samples is {brief(ours)}, and that of "
                    f"{self.data.name} is {brief(theirs)}; only samples that mean the same are "
                    "compared"
                )

    def values(self, samples: SampleSet) -> Values:
        """The counts of modes, where the data set has any."""
        return {} if self.counting is None else self.counting.values(samples.samples)

    def anchors(self, n: int) -> Mapping[str, Mapping[str, float]]:
        """The counts among n real samples, where the data set is here."""
        if self.counting is None or not is_here(self.data):
            return {}
        _, test = splits(self.data)
        return {REAL: self.counting.values(test.batch(drawn(test, n))[0])}

    def protocol(self, n: int, seeds: Sequence[int], drawn_for: str) -> str:
        """Against which modes or samples, and which samples."""
        against = f"beside real samples of {self.data.bare_name}"
        if self.counting is not None:
            against = f"against {self.counting.modes_in_words}"
        return f"{against}; {samples_in_words(n, seeds, drawn_for)}"

    def notes(self, n: int) -> list[str]:
        """How to read the counts; what plugins tell comes beside it."""
        return [] if self.counting is None else [*self.counting.notes]


def in_features(
    extractor: Extractor, data: Part, n: int, *, plugins: bool = True, tell: Tell = silent
) -> InFeatures:
    """A method with real samples measured here or before, and with anchors at n samples.

    There are no anchors where the data set is not here and the package lacks them.
    """
    tell(f"real samples of {data.name}")
    real = reference_for(extractor, data)
    if not real.anchors(n) and is_here(data):
        tell(f"anchors at {n:,} samples")
        train, _ = splits(data)
        real = real.with_anchors(n, anchors(extractor, real, train, n))
        keep(real)
    return InFeatures(extractor, real, plugins=plugins)


def shipped_method(
    extractor: str, data: Part, device: str = "cpu", *, plugins: bool = True
) -> Method:
    """The method that gives the same figures everywhere, from the package's statistics.

    `extractor` is a name; empty to measure samples as they are.
    """
    if not extractor:
        return AsTheyAre(data)
    opened = open_extractor(extractor).to(device)
    return InFeatures(opened, shipped_or_made(opened, data), plugins=plugins)


def extractor_for(data: Part, option: str = "--extractor") -> str:
    """The extractor that a data set is measured with unless another is asked for by `option`."""
    extractor, _ = extractors_of(data)
    if extractor is None:
        raise UsageError(
            f"no extractor is made for {qualify(Dataset, data).name!r}; name one with {option}: "
            "colours-and-edges takes any images, timm:MODEL any of timm's, and `ganzoo plugins` "
            "lists them"
        )
    return extractor


def check_count(source: SampleSource, extractor: Extractor, n: int) -> None:
    """Refuse more samples than there are, and fewer than a covariance needs."""
    if source.size is not None and n > source.size:
        raise MetricError(f"{source.name} contains {source.size:,} images, {n:,} were requested")
    if source.size is not None and source.size <= extractor.feature_dim:
        images = "one image" if source.size == 1 else f"{source.size:,} images"
        raise MetricError(
            f"{source.name} holds {images}, and {extractor.feature_dim} features of "
            f"{extractor.name} need more than {extractor.feature_dim}; add images, or name an "
            "--extractor with fewer features"
        )
    check_enough(extractor, n)


def samples_in_words(n: int, seeds: Sequence[int], drawn_for: str = "") -> str:
    """Which samples are measured: `n = 10,000, sampling seeds 0 to 2`."""
    which = ""
    if seeds:
        several = seeds[-1] > seeds[0]
        which = f", sampling seed{f's {seeds[0]} to {seeds[-1]}' if several else f' {seeds[0]}'}"
    return f"n = {n:,}{which}{drawn_for and f', {drawn_for}'}"
