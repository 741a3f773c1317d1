"""`evaluate`: figures of a source with their spread, their floor and their anchors."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from ganzoo.build import qualify
from ganzoo.data.splits import splits
from ganzoo.errors import MetricError, UsageError
from ganzoo.extractors import extractors_of
from ganzoo.hardware import hardware, versions
from ganzoo.interfaces import Dataset, Extractor
from ganzoo.measure.anchors import ANCHORS, anchors
from ganzoo.measure.core_figures import measure
from ganzoo.measure.draws import Sampled
from ganzoo.measure.features import KEPT, NEIGHBOURS, check_enough
from ganzoo.measure.plugin_figures import offered_for
from ganzoo.measure.real_side import MOST, is_here, keep, reference_for
from ganzoo.measure.references import Reference
from ganzoo.measure.sources import Source
from ganzoo.measure.spread import Figures
from ganzoo.specs import Part

#: The numbers of samples and of sampling seeds that figures are published with.
SAMPLES, REPEATS = 10_000, 3
#: The number of samples that a quick check measures.
CHECKED = 1_000

#: Called with a line that says what happens now.
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Report:
    """All figures of a source, and the protocol by which they were measured."""

    source: str
    sha256: str | None
    extractor: str
    extractor_sha256: str
    feature_dim: int
    data: str
    data_hash: str
    real: int
    n: int
    seeds: tuple[int, ...]
    figures: Mapping[str, Figures]
    notes: tuple[str, ...]
    seconds: float
    hardware: str
    versions: Mapping[str, str]
    told: str = ""

    @property
    def protocol(self) -> str:
        """In words, what the figures were measured with."""
        seeds = ""
        if self.seeds:
            first, last = self.seeds[0], self.seeds[-1]
            seeds = f", sampling seed{f's {first} to {last}' if last > first else f' {first}'}"
        return (
            f"{self.feature_dim} features of {self.extractor}, against {self.real:,} test samples "
            f"of {self.data}; n = {self.n:,}{seeds}{self.told and f', {self.told}'}"
        )


def evaluate(
    source: Source,
    extractor: Extractor,
    real: Reference,
    *,
    n: int = SAMPLES,
    seeds: tuple[int, ...] = tuple(range(REPEATS)),
    floors: Mapping[str, Mapping[str, float]] | None = None,
    plugins: bool = True,
    tell: Tell = lambda text: None,
) -> Report:
    """Measure n samples of each sampling seed against real statistics.

    `floors` are the anchors' figures at n samples. `plugins` adds the figures that plugins offer
    for this data set. Raises `MetricError` rather than give a figure that would be wrong.
    """
    began = time.monotonic()
    real.require(extractor)
    check_shape(source, real)
    check_count(source, extractor, n)
    if source.size is not None:
        seeds = seeds[:1]  # a folder's images are what they are
    offered = offered_for(real.about.data, ask=plugins)
    rows, added = [], offered.measuring()
    for seed in seeds:
        again = f", seed {seed}" if len(seeds) > 1 else ""
        tell(f"{source.name}: {n:,} samples{again}")
        sampled = Sampled(source, n, seed, extractor)
        if offered.figures:
            sampled.hold()
        rows.append(measure(sampled.seen, real))
        added.add(sampled)
    floors = {name: floors[name] for name in ANCHORS if name in floors} if floors else {}
    figures = {
        key: Figures(
            key,
            tuple(row[key] for row in rows),
            {name: found[key] for name, found in floors.items() if key in found},
        )
        for key in rows[0]
    } | added.figures(n, extractor)
    device = next((p.device for p in extractor.parameters()), torch.device("cpu"))
    return Report(
        source=source.name,
        sha256=source.sha256,
        extractor=extractor.name,
        extractor_sha256=real.about.extractor_sha256,
        feature_dim=extractor.feature_dim,
        data=_data_in_words(real),
        data_hash=real.about.data_hash,
        real=real.about.n,
        n=n,
        seeds=() if source.size is not None else seeds,
        figures=figures,
        notes=(*_notes(real, extractor, n, floors), *added.notes, *source.notes),
        seconds=round(time.monotonic() - began, 1),
        hardware=hardware(device),
        versions=versions("torch-fidelity"),
        told=source.told,
    )


def check_shape(source: Source, real: Reference) -> None:
    """Refuse samples of another shape than the real ones, whatever the extractor makes of them."""
    if source.shape != real.about.sample_shape:
        raise MetricError(
            f"{source.name}: samples of shape {list(source.shape)}, and those of "
            f"{real.about.data.name} have {list(real.about.sample_shape)}; only samples of one "
            "shape are compared"
        )


def check_count(source: Source, extractor: Extractor, n: int) -> None:
    """Refuse more samples than there are, and fewer than a figure can be made of."""
    if source.size is not None and n > source.size:
        raise MetricError(f"{source.name} holds {source.size:,} images, {n:,} were asked for")
    if source.size is not None and source.size <= extractor.feature_dim:
        images = "one image" if source.size == 1 else f"{source.size:,} images"
        raise MetricError(
            f"{source.name} holds {images}, and {extractor.feature_dim} features of "
            f"{extractor.name} are measured of more than {extractor.feature_dim}; add images, or "
            "take an --extractor of fewer features"
        )
    check_enough(extractor, n)


def real_side(
    extractor: Extractor, part: Part, n: int, *, tell: Tell = lambda text: None
) -> tuple[Reference, Mapping[str, Mapping[str, float]]]:
    """Statistics of a data set's real samples, and its anchors' figures at n samples.

    The anchors are empty where the data set is not at hand and the package lacks them.
    """
    tell(f"real samples of {part.name}")
    real = reference_for(extractor, part)
    if real.anchors(n) or not is_here(part):
        return real, real.anchors(n)
    tell(f"anchors at {n:,} samples")
    train, _ = splits(part)
    real = real.with_anchors(n, anchors(extractor, real, train, n))
    keep(real)
    return real, real.anchors(n)


def extractor_for(part: Part) -> str:
    """The extractor that a data set is measured with unless another is asked for."""
    extractor, _ = extractors_of(part)
    if extractor is None:
        raise UsageError(
            f"no extractor is made for {qualify(Dataset, part).name!r}; name one with --extractor: "
            "`ganzoo plugins` lists them, and timm:MODEL takes any of timm's"
        )
    return extractor


def _data_in_words(real: Reference) -> str:
    """A data set's bare name; where it took arguments, with the hash of what is in it."""
    which = f" ({real.about.data_hash[:8]})" if real.about.data.arguments else ""
    return _bare(real) + which


def _bare(real: Reference) -> str:
    """A data set's name without its plugin's."""
    return real.about.data.name.rpartition("/")[2]


def _training_samples(real: Reference) -> int:
    """How many real samples there are for the floor."""
    about = real.about
    known = about.training or (0 if real.training is None else len(real.training))
    return (known + 1) // 2 if about.halves else known


def _notes(
    real: Reference, extractor: Extractor, n: int, floors: Mapping[str, Mapping[str, float]]
) -> list[str]:
    """What a reader of the figures has to know beyond their names."""
    notes = []
    some = min(n, NEIGHBOURS, len(real.features))
    notes.append(
        f"precision, recall, density and coverage are of the first {some:,} samples among "
        f"{len(real.features):,} real ones"
    )
    if n > KEPT:
        notes.append(f"the kernel distance is of the first {KEPT:,} samples")
    if real.about.halves:
        notes.append(
            f"{_bare(real)} has no test split: real samples are a random half of it, which a model "
            "may have been trained on; memorisation is told from all of it"
        )
    if real.training is None:
        notes.append(
            "memorisation and sliced Wasserstein are left out: they need "
            f"{_bare(real)} itself, not its statistics alone"
        )
    elif floors and (there := _training_samples(real)) < min(n, MOST):
        notes.append(f"the floor is of {there:,} real training samples: there are no more")
    if real.training is not None and len(real.training) < real.about.training:
        notes.append(
            f"memorisation is told from {len(real.training):,} of {real.about.training:,} "
            "training samples"
        )
    if not floors:
        notes.append(f"the anchors were not measured at {n:,} samples, and need the data set")
    if extractor.num_classes is None:
        notes.append(f"{extractor.name} knows no classes: no class KL and no confident share")
    if real.lacks_classes:
        notes.append(
            f"no class KL: some of {extractor.name}'s classes win none of the real samples"
        )
    return notes
