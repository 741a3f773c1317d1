"""Figures that a training takes of its average on the way: of few samples, and the quick ones only.

They are named with what they were measured in and with the number of samples, since both move
them: `fd.cnn-mnist.n2000`. The full table is `ganzoo eval`'s, of the finished model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ganzoo.extractors import extractors_of, open_extractor
from ganzoo.interfaces import Generator
from ganzoo.measure.features import check_enough
from ganzoo.measure.figures import frechet
from ganzoo.measure.measurement import Values
from ganzoo.measure.methods import AsTheyAre, InFeatures, Method, extractor_for
from ganzoo.measure.plugin_figures import value_of
from ganzoo.measure.real_statistics import shipped_or_made
from ganzoo.measure.sample_set import SampleSet
from ganzoo.measure.sources import NetworkSource
from ganzoo.sampling import Labeller
from ganzoo.specs import Part


@dataclass(frozen=True)
class OnTheWay:
    """Measures n samples of seed 0 of a network, as `ganzoo eval -n N --repeats 1` would.

    In features it takes the Fréchet distance alone: it costs as much as drawing the samples and
    showing them to the extractor. Without an extractor it takes what `ganzoo eval` takes.
    """

    method: Method
    data: Part
    n: int

    def __call__(self, network: Generator, labeller: Labeller) -> Values:
        """The figures by name; `MetricError` where samples cannot be measured."""
        source = NetworkSource(network, labeller, self.data, "the average")
        if self.method.plugin_figures.splits is not None:
            training, _ = self.method.plugin_figures.splits
            source.legend = training.legend
        self.method.check(source, self.n)
        samples = SampleSet(source, self.n, 0, self.method.extractor)
        if isinstance(self.method, InFeatures):
            values = frechet(samples.extracted, self.method.real)
        else:
            samples.hold()
            values = self.method.values(samples) | self._of_plugins(samples)
        return {self._name(key): value for key, value in values.items()}

    def _of_plugins(self, samples: SampleSet) -> Values:
        """Plugins' figures that the samples of a network alone allow."""
        offered = self.method.plugin_figures
        if offered.splits is None:
            return {}
        training, real = offered.splits
        known = replace(samples, real=real, training=training)
        figures = [one for one in offered.figures if not known.lacks(one.needs)]
        return {one.key.rpartition("/")[2]: value_of(one, known) for one in figures}

    def _name(self, key: str) -> str:
        extractor = self.method.extractor
        features = [] if extractor is None else [extractor.name]
        return ".".join([key, *features, f"n{self.n}"])


def on_the_way(data: Part, n: int, extractor: str | None = None, device: str = "cpu") -> OnTheWay:
    """What a training on `data` measures of n samples.

    Raises `GanzooError` where nothing can be measured, before the training begins.
    """
    if extractor is None and extractors_of(data)[0] is None and (plain := AsTheyAre(data)):
        return OnTheWay(plain, data, n)
    opened = open_extractor(extractor or extractor_for(data, "--eval-extractor")).to(device)
    check_enough(opened, n)
    real = shipped_or_made(opened, data)
    return OnTheWay(InFeatures(opened, real, plugins=False), data, n)
