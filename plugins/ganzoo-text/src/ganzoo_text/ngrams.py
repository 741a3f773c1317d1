"""Counts of n-grams, the distance between two of them, and a model of likely text."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ganzoo_text.alphabet import END

#: Characters that a model of likely text looks back.
ORDER = 4


def ngrams(text: str, n: int) -> Iterator[str]:
    """The n characters at each place of a text, the last of which ends with `END`.

    A text shorter than n is filled up with `END`, so that every text has an n-gram.
    """
    ended = f"{text}{END}".ljust(n, END)
    return (ended[place : place + n] for place in range(len(ended) - n + 1))


def shares(texts: Iterable[str], n: int) -> dict[str, float]:
    """The share of each n-gram among all of the texts."""
    counts = Counter(gram for text in texts for gram in ngrams(text, n))
    total = counts.total()
    return {gram: count / total for gram, count in counts.items()}


def jensen_shannon(first: dict[str, float], second: dict[str, float]) -> float:
    """The Jensen-Shannon divergence of two distributions, in bits, from 0 to 1.

    Half of KL(p || m) + KL(q || m), with m the mean of the two.
    """
    total = 0.0
    for one, other in ((first, second), (second, first)):
        for gram, share in one.items():
            total += share * math.log2(2 * share / (share + other.get(gram, 0.0)))
    return total / 2


def self_bleu(texts: Sequence[str], order: int = 4) -> float:
    """The mean BLEU of each text against all others, on characters (Zhu et al. 2018, section 3.3).

    BLEU is the geometric mean of the clipped precisions of 1- to `order`-grams times the brevity
    penalty (Papineni et al. 2002), with 1 added to counts of 2-grams and longer (Lin and Och 2004),
    since names are short. An n-gram's clip is its highest count in any other text.
    """
    grams = [[Counter(ngrams(text, n)) for n in range(1, order + 1)] for text in texts]
    tops = [_two_highest(row[n] for row in grams) for n in range(order)]
    lengths = Counter(len(text) for text in texts)
    scores = [_bleu(row, tops, len(text), lengths) for row, text in zip(grams, texts, strict=True)]
    return sum(scores) / len(scores)


def _two_highest(rows: Iterable[Counter[str]]) -> dict[str, tuple[int, int]]:
    """The highest and the second highest count of each n-gram in one text."""
    highest: dict[str, tuple[int, int]] = {}
    for row in rows:
        for gram, count in row.items():
            first, second = highest.get(gram, (0, 0))
            highest[gram] = (max(first, count), max(second, min(first, count)))
    return highest


def _bleu(
    grams: Sequence[Counter[str]],
    tops: Sequence[dict[str, tuple[int, int]]],
    length: int,
    lengths: Counter[int],
) -> float:
    """The BLEU of one text against the others, of which `tops` hold the highest counts."""
    logs = 0.0
    for n, (row, top) in enumerate(zip(grams, tops, strict=True)):
        hits = 0
        for gram, count in row.items():
            first, second = top[gram]
            hits += min(count, second if count == first else first)
        smooth = min(n, 1)
        logs += math.log(max(hits + smooth, 1e-9) / (row.total() + smooth))
    return _brevity(length, lengths) * math.exp(logs / len(grams))


def _brevity(length: int, lengths: Counter[int]) -> float:
    """BLEU's penalty: 1 unless the text is shorter than the nearest length of the others."""
    others = [other for other, count in lengths.items() if count > (other == length)]
    nearest = min(others, key=lambda other: (abs(other - length), other), default=length)
    return 1.0 if length >= nearest else math.exp(1 - (nearest + 1) / (length + 1))


class LikelyText:
    """How likely a text is, by an n-gram model of other texts.

    The probability of a character after the `order` before it is interpolated down to single
    characters, each context's weight by Witten and Bell (1991, method C): c / (c + t) with c its
    count and t the different characters seen after it.
    """

    def __init__(self, texts: Iterable[str], order: int = ORDER) -> None:
        self.order = order
        self._after: dict[str, Counter[str]] = {}
        for text in texts:
            for context, letter in self._places(text):
                for start in range(len(context) + 1):
                    self._after.setdefault(context[start:], Counter())[letter] += 1
        self._totals = {context: after.total() for context, after in self._after.items()}
        self._unknown = 1 / (1 + len(self._after[""]))

    def score(self, text: str) -> float:
        """The mean log probability of a character of the text and of its end, in nats."""
        places = [*self._places(text)]
        return sum(math.log(self._probability(*place)) for place in places) / len(places)

    def _places(self, text: str) -> Iterator[tuple[str, str]]:
        """Each character and the end, after the characters before it; a text begins after END."""
        ended = f"{END}{text}{END}"
        return ((ended[max(0, i - self.order) : i], ended[i]) for i in range(1, len(ended)))

    def _probability(self, context: str, letter: str) -> float:
        """From no context to the whole, each interpolated with the one before it."""
        probability = self._unknown
        for start in range(len(context), -1, -1):
            after = self._after.get(context[start:])
            if after is None:
                break
            total, kinds = self._totals[context[start:]], len(after)
            probability = (after[letter] + kinds * probability) / (total + kinds)
        return probability
