"""What samples teach: a classifier learns from them, and is asked about real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, pad

from ganzoo.bench.columns import Column, Measure
from ganzoo.bench.real_data import both_splits, key_of
from ganzoo.errors import MetricError
from ganzoo.extractors.networks import ClassifierExtractor
from ganzoo.interfaces import Dataset
from ganzoo.measure.sample_set import SampleSet
from ganzoo.seeds import derive
from ganzoo.specs import Part

#: Rows int64 [N] -> samples [N, *S] and their labels [N].
Rows: TypeAlias = Callable[[Tensor], tuple[Tensor, Tensor]]

#: The peak of the learning rate, which rises and falls once, and the decay of weights.
RATE, DECAY = 4e-3, 0.01
#: The most pixels by which a batch is shifted.
SHIFT = 2
#: Test samples that are classified at once.
PIECE = 1_000


@dataclass(frozen=True)
class Teacher:
    """Labelled samples that a classifier learns from: `length` of them, by row."""

    length: int
    rows: Rows

    def stream(self, batch: int, rng: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches without end; each sample is shown once before any is shown again."""
        waiting = torch.empty(0, dtype=torch.int64)
        while True:
            while len(waiting) < batch:
                waiting = torch.cat([waiting, torch.randperm(self.length, generator=rng)])
            now, waiting = waiting[:batch], waiting[batch:]
            yield self.rows(now)


@dataclass(frozen=True)
class Classification(Measure):
    """Accuracy on real test samples of classifiers that learn from samples, and from real ones too.

    From samples alone, it is the classification accuracy score (Ravuri and Vinyals 2019, section
    3). Then for each of `shares` of the real labels a classifier learns from these and, in the
    other half of each batch, from samples. All see `images` in batches of `batch`, and are equal:
    five convolutions of `width` and twice `width` maps.
    """

    n: int = 40_000
    shares: Sequence[float] = (0.01, 0.1, 1.0)
    images: int = 40_000
    batch: int = 128
    width: int = 8

    @property
    def columns(self) -> tuple[Column, ...]:
        """The accuracy beside no, few, some and all real labels."""
        beside = [(key(share), f"+ {share:.0%} of real labels") for share in self.shares]
        headers = [("alone", "accuracy, samples alone"), *beside]
        return tuple(Column(name, header, ".1%", "↑") for name, header in headers)

    def check(self) -> None:
        """Refuse shares that are none, and trainings of less than a batch."""
        if not self.shares or not all(0 < share <= 1 for share in self.shares):
            raise MetricError(
                f"classification: shares are above 0 and 1 at most, found {[*self.shares]}"
            )
        if not 2 <= self.batch <= self.images:
            raise MetricError(
                f"classification: batch is 2 to {self.images}, its images; found {self.batch}"
            )

    def try_out(self, data: Part, device: str) -> None:
        """Refuse data without classes."""
        for part in both_splits(key_of(data)):
            if part.num_classes is None or len(part.sample_shape) != 3:
                raise MetricError(
                    f"classification needs images with classes, and {data.name} has none"
                )

    def values(self, samples: SampleSet, data: Part, device: str) -> dict[str, float | None]:
        """The accuracies; without samples, those of real ones alone."""
        training, test = both_splits(key_of(data))
        drawn = self._drawn(samples, training)
        found: dict[str, float | None] = {"alone": None}
        if drawn:
            found["alone"] = self._accuracy(drawn, test, samples.seed, device)
        for share in self.shares:
            teachers = [real_teacher(training, share, samples.seed), *drawn]
            found[key(share)] = self._accuracy(teachers, test, samples.seed, device)
        return found

    def _drawn(self, samples: SampleSet, training: Dataset) -> list[Teacher]:
        """The samples with the labels that they were drawn for, if there are any."""
        pictures, labels = samples.samples, samples.labels
        if not len(pictures):
            return []
        if labels is None or labels.dtype != torch.int64:
            raise MetricError(f"{samples.source.name} is told no class, so its samples teach none")
        shapes = tuple(pictures.shape[1:]), tuple(training.sample_shape)
        if shapes[0] != shapes[1] or int(labels.max()) >= (training.num_classes or 0):
            raise MetricError(
                f"{samples.source.name} draws {list(shapes[0])} in classes up to "
                f"{int(labels.max())}; the data have {list(shapes[1])} in {training.num_classes}"
            )
        return [Teacher(len(pictures), lambda rows: (pictures[rows], labels[rows]))]

    def _accuracy(
        self, teachers: Sequence[Teacher], test: Dataset, seed: int, device: str
    ) -> float:
        """The test accuracy of a classifier with these teachers, an equal part of each batch."""
        classifier = self._untrained(test, seed).to(device)
        optimizer = torch.optim.AdamW(classifier.parameters(), RATE, weight_decay=DECAY)
        steps = self.images // self.batch
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
        rng = torch.Generator().manual_seed(derive("classification", "order", seed))
        streams = [one.stream(self.batch // len(teachers), rng) for one in teachers]
        classifier.train()
        for _ in range(steps):
            parts = [next(stream) for stream in streams]
            pictures = shifted(torch.cat([part[0] for part in parts]), rng).to(device)
            labels = torch.cat([part[1] for part in parts]).to(device)
            optimizer.zero_grad()
            cross_entropy(classifier.logits(pictures), labels).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        return accuracy(classifier.eval(), test, device)

    def _untrained(self, data: Dataset, seed: int) -> ClassifierExtractor:
        """A classifier for the data, with the weights of a seed."""
        assert data.num_classes is not None  # `try_out` explains it to users
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(derive("classification", "weights", seed))
            shape, classes = data.sample_shape, data.num_classes
            return ClassifierExtractor("classifier", shape, classes, width=self.width)


def real_teacher(training: Dataset, share: float, seed: int) -> Teacher:
    """A share of the real training samples, chosen at random by the seed."""
    rng = torch.Generator().manual_seed(derive("classification", "share", seed))
    kept = torch.randperm(len(training), generator=rng)[: max(1, round(share * len(training)))]

    def rows(numbers: Tensor) -> tuple[Tensor, Tensor]:
        pictures, labels = training.batch(kept[numbers])
        assert labels is not None  # `try_out` explains it to users
        return pictures, labels

    return Teacher(len(kept), rows)


def shifted(pictures: Tensor, rng: torch.Generator) -> Tensor:
    """Pictures [N, C, H, W] moved by up to `SHIFT` pixels, all in the same direction."""
    down, across = torch.randint(0, 2 * SHIFT + 1, (2,), generator=rng).tolist()
    height, width = pictures.shape[2:]
    padded = pad(pictures, (SHIFT,) * 4, mode="replicate")
    return padded[..., down : down + height, across : across + width]


@torch.no_grad()
def accuracy(classifier: ClassifierExtractor, test: Dataset, device: str) -> float:
    """The share of test samples whose class wins."""
    right = 0
    for rows in torch.split(torch.arange(len(test)), PIECE):
        pictures, labels = test.batch(rows)
        assert labels is not None  # `try_out` explains it to users
        right += int((classifier.logits(pictures.to(device)).argmax(1).cpu() == labels.cpu()).sum())
    return right / len(test)


def key(share: float) -> str:
    """The key of a share's column."""
    return f"real_{share:g}"
