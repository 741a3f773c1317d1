"""SeqGAN's oracle test: text that a known network wrote, which can tell how likely a text is."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from ganzoo import Dataset, FigureInput
from ganzoo_text.alphabet import TextError
from ganzoo_text.figures import TextFigure

#: Ideographs stand for the oracle's symbols: there are enough of them, one after the other.
FIRST_SYMBOL, MOST_SYMBOLS = 0x4E00, 20_000
#: Width of the embedding and of the memory, the paper's.
WIDTH = 32
#: Texts that are written or judged at a time.
BATCH = 1_000


class Oracle(nn.Module):
    """An LSTM with parameters from N(0, 1) (Yu et al. 2017, section 4.1)."""

    def __init__(self, vocabulary: int, seed: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary + 1, WIDTH)  # the last one begins a text
        self.memory = nn.LSTM(WIDTH, WIDTH, batch_first=True)
        self.scores = nn.Linear(WIDTH, vocabulary)
        rng = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=rng))

    @torch.no_grad()
    def write(self, n: int, length: int, rng: torch.Generator) -> Tensor:
        """Draw texts: symbols' numbers int64 [n, length]."""
        symbols = torch.full((n, 1), self.embedding.num_embeddings - 1)
        state: tuple[Tensor, Tensor] | None = None
        written = []
        for _ in range(length):
            memory, state = self.memory(self.embedding(symbols), state)
            shares = self.scores(memory[:, 0]).softmax(1)
            symbols = torch.multinomial(shares, 1, generator=rng)
            written.append(symbols)
        return torch.cat(written, 1)

    @torch.no_grad()
    def nll(self, texts: Tensor) -> Tensor:
        """Negative log likelihood of a symbol, in nats: int64 [N, length] -> the mean of each."""
        begin = torch.full((len(texts), 1), self.embedding.num_embeddings - 1)
        memory, _ = self.memory(self.embedding(torch.cat([begin, texts[:, :-1]], 1)))
        losses = cross_entropy(self.scores(memory).transpose(1, 2), texts, reduction="none")
        return losses.mean(1)


class OracleText(Dataset):
    """Texts of an oracle, one-hot float32 [vocabulary, length]; both splits have the same oracle.

    The paper's vocabulary has 5,000 symbols. `seed` makes the oracle and its texts, and stands in
    the `legend`, so that figures find the same oracle.
    """

    kind = "text"
    value_range = (0.0, 1.0)

    def __init__(
        self,
        vocabulary: int = 100,
        length: int = 20,
        texts: int = 10_000,
        seed: int = 0,
        split: str = "train",
    ) -> None:
        if split not in ("train", "test"):
            raise TextError(f"split is 'train' or 'test', found {split!r}")
        if not 2 <= vocabulary <= MOST_SYMBOLS or length < 2 or texts < 2:
            raise TextError(
                f"an oracle has 2 to {MOST_SYMBOLS:,} symbols and writes 2 texts or more of 2 or "
                f"more symbols, found {vocabulary}, {texts} and {length}"
            )
        self.oracle = Oracle(vocabulary, seed)
        rng = torch.Generator().manual_seed(2 * seed + (split == "test"))
        pieces = torch.split(torch.arange(texts), BATCH)
        self._texts = torch.cat([self.oracle.write(len(some), length, rng) for some in pieces])
        self.sample_shape = (vocabulary, length)
        alphabet = "".join(chr(FIRST_SYMBOL + symbol) for symbol in range(vocabulary))
        self.legend = {"alphabet": alphabet, "length": length, "oracle": seed}

    def __len__(self) -> int:
        return len(self._texts)

    def batch(self, indices: Tensor) -> tuple[Tensor, None]:
        """Indices [N] -> samples float32 [N, vocabulary, length], each column one-hot."""
        symbols = self._texts[indices.to(self._texts.device)]
        return one_hot(symbols, self.sample_shape[0]).transpose(1, 2).float(), None

    def to(self, device: torch.device) -> None:
        """Move the texts to the device: they are small. The oracle stays."""
        self._texts = self._texts.to(device)


class OracleNLL(TextFigure):
    """How likely an oracle thinks samples (Yu et al. 2017, eq. 9)."""

    title = "NLL oracle"
    protocol = "negative log likelihood of a symbol under the network that wrote the data, in nats"
    direction, best = "nearest", None
    tolerance = 0.01
    needs = frozenset({"real"})

    def applies_to(self, data: Dataset) -> bool:
        """Whether an oracle wrote the data."""
        return super().applies_to(data) and "oracle" in data.legend

    def measure(self, drawn: FigureInput) -> float:
        """The mean over all samples, of which each place is its likeliest symbol."""
        legend = drawn.real.legend
        oracle = Oracle(len(legend["alphabet"]), legend["oracle"])
        return float(torch.cat([oracle.nll(batch.argmax(1)) for batch in drawn.batches()]).mean())
