"""Figures of text: its n-grams, true words, novelty, likelihood and variety."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache

import torch

from ganzoo import Dataset, Figure, FigureInput, GanzooError
from ganzoo_text.alphabet import texts
from ganzoo_text.ngrams import LikelyText, jensen_shannon, self_bleu, shares

#: Samples read at a time, and the most of a data set that a figure reads.
BATCH, MOST = 5_000, 100_000
#: Letters with the apostrophes and hyphens between them.
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
#: The share of held-out text that is likelier than the threshold of likely text.
LIKELY = 0.95


def texts_of(data: Dataset) -> list[str]:
    """The texts of a data set, of 100,000 samples at most, evenly spaced."""
    return list(_texts_of(data))


@lru_cache(maxsize=4)
def _texts_of(data: Dataset) -> tuple[str, ...]:
    rows = torch.linspace(0, len(data) - 1, min(len(data), MOST)).long()
    return tuple(
        text
        for some in torch.split(rows, BATCH)
        for text in texts(data.batch(some)[0].cpu(), data.legend)
    )


def words(lines: Iterable[str]) -> Iterator[str]:
    """The words of some texts, in order."""
    return (word for line in lines for word in WORD.findall(line))


class TextFigure(Figure):
    """A figure of data of the kind `text`."""

    def applies_to(self, data: Dataset) -> bool:
        """Whether samples are text with an alphabet."""
        return data.kind == "text" and "alphabet" in data.legend

    @staticmethod
    def drawn_texts(drawn: FigureInput, beside: Dataset) -> list[str]:
        """The samples' texts; `beside` is the data set that they are compared with."""
        return [text for batch in drawn.batches() for text in texts(batch, beside.legend)]


class JS4(TextFigure):
    """The Jensen-Shannon divergence of 4-grams, as Gulrajani et al. 2017 and others report it."""

    title = "JS-4"
    protocol = "Jensen-Shannon divergence of 4-grams of characters and those of test text, in bits"
    direction, best = "lower", 0.0
    tolerance = 0.005
    needs = frozenset({"real"})

    def measure(self, drawn: FigureInput) -> float:
        """The divergence, from 0 to 1."""
        ours, real = self.drawn_texts(drawn, drawn.real), texts_of(drawn.real)
        return jensen_shannon(shares(ours, 4), shares(real, 4))


class TrueWords(TextFigure):
    """The share of words that are words of the data's text."""

    title, unit = "true words", "%"
    protocol = "words that are words of the training or test text"
    direction, best = "higher", 100.0
    digits, tolerance = 1, 1.0
    needs = frozenset({"training", "real"})

    def measure(self, drawn: FigureInput) -> float:
        """The share in percent; of nothing but signs it is 0."""
        known = set(words(texts_of(drawn.training))) | set(words(texts_of(drawn.real)))
        return percent([*words(self.drawn_texts(drawn, drawn.real))], known)


class Novelty(TextFigure):
    """The share of texts that are not in the training text."""

    title, unit = "novelty", "%"
    protocol = "texts that are no training sample"
    direction, best = "nearest", None
    digits, tolerance = 1, 1.0
    needs = frozenset({"training"})

    def measure(self, drawn: FigureInput) -> float:
        """The share in percent."""
        ours = self.drawn_texts(drawn, drawn.training)
        return 100 - percent(ours, set(texts_of(drawn.training)))


class NewAndLikely(TextFigure):
    """The share of texts that are new, and as likely as held-out text.

    A text is likely if an n-gram model of half of the training text gives it at least the score
    that 95% of the other half reach; names as likely as names are pronounceable.
    """

    title, unit = "new and likely", "%"
    protocol = (
        "texts that are no training sample, and that a 5-gram model of one half of the training "
        "text scores no lower than 95% of the other half"
    )
    direction, best = "higher", 100.0
    digits, tolerance = 1, 1.0
    needs = frozenset({"training"})

    def measure(self, drawn: FigureInput) -> float:
        """The share in percent."""
        ours = self.drawn_texts(drawn, drawn.training)
        known, (model, least) = set(texts_of(drawn.training)), likely_text(drawn.training)
        good = [text not in known and model.score(text) >= least for text in ours]
        return 100 * sum(good) / len(good)


@lru_cache(maxsize=2)
def likely_text(training: Dataset) -> tuple[LikelyText, float]:
    """A model of one half of the training text, and the score that 95% of the other half reach."""
    known = list(dict.fromkeys(texts_of(training)))
    if len(known) < 4:
        raise GanzooError(f"{len(known)} different training texts are too few for a model of them")
    order = torch.randperm(len(known), generator=torch.Generator().manual_seed(0)).tolist()
    first, second = order[::2], order[1::2]
    model = LikelyText(known[row] for row in first)
    scores = torch.tensor([model.score(known[row]) for row in second])
    return model, float(scores.quantile(1 - LIKELY))


class SelfBLEU(TextFigure):
    """How much samples repeat each other (Zhu et al. 2018)."""

    title = "self-BLEU"
    protocol = "BLEU-4 of characters of each of 1,000 samples against the other ones"
    direction, best = "nearest", None
    tolerance = 0.01
    needs = frozenset({"training"})

    #: Samples that are compared with each other: more would find every n-gram in another one.
    some = 1_000

    def measure(self, drawn: FigureInput) -> float:
        """From 0 to 1; higher values mean less variety."""
        return self_bleu(self.drawn_texts(drawn, drawn.training)[: self.some])


def percent(things: Collection[str], known: Collection[str]) -> float:
    """The share of things that are known, in percent; 0 of none."""
    return 100 * sum(thing in known for thing in things) / max(1, len(things))
