"""Train the extractors of plugins/ganzoo-art, each only on its data set's training drawings.

    python tools/train_art_extractors.py --all --device cuda
    python tools/train_art_extractors.py cnn-letters style-letters
    PYTHONPATH=.:plugins/ganzoo-art/src python tools/train_art_extractors.py --all

The last form needs nothing installed. Seed 0 goes into the plugin, other seeds into
runs/extractors. `cnn-*` learn the letter, or all attributes of a portrait at once. `style-letters`
learns which two letters belong to one font (van den Oord et al. 2018, eq. 4: the other fonts of a
batch are the negatives). `ae-*` learn to draw their input again, and are the controls. Drawings
are shifted by up to a pixel, except pixel art, whose grid is fixed. Random numbers depend on
counters, so the same machine and threads give the same weights.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from ganzoo_art.extractors import (
    NETWORKS,
    WEIGHTS,
    AttributeExtractor,
    DrawingExtractor,
    StyleExtractor,
)
from ganzoo_art.figures import area
from ganzoo_art.letters import Letters, read
from ganzoo_art.portraits import Faces, PixelFaces, read_attributes
from ganzoo_art.sheets import DATA, Drawings, lot
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss, normalize, pad

from ganzoo.extractors.networks import Decoder
from ganzoo.files import write_text
from ganzoo.hardware import hardware, versions
from ganzoo.seeds import derive
from ganzoo.specs import GENERATOR_FILE, Licenses, Part, Provenance, write_record
from ganzoo.specs.extractor import EXTRACTOR_VERSION, ExtractorConfig
from ganzoo.specs.reading import to_json
from ganzoo.weights import save_weights

BATCH, RATE, WEIGHT_DECAY = 256, 4e-3, 0.01
#: Of cosines, before the softmax over a batch's fonts.
TEMPERATURE = 0.1
#: The share of training families kept aside to choose the style's threshold.
KEPT = 0.1
#: The number of pairs that judge the style, from one font and from two.
PAIRS = 50_000


@dataclass(frozen=True)
class Plan:
    """One extractor: its network and data, how long it learns, and how far drawings are shifted."""

    network: str
    data: str
    passes: int
    width: int
    shift: int = 1


PLANS = {
    "cnn-letters": Plan("attributes", "letters", passes=6, width=24),
    "cnn-pixel-faces": Plan("attributes", "pixel-faces", passes=12, width=32, shift=0),
    "cnn-faces": Plan("attributes", "faces", passes=24, width=32),
    "style-letters": Plan("style", "letters", passes=20, width=32),
    "ae-letters": Plan("autoencoder", "letters", passes=6, width=24),
    "ae-pixel-faces": Plan("autoencoder", "pixel-faces", passes=6, width=24, shift=0),
    "ae-faces": Plan("autoencoder", "faces", passes=12, width=24),
}
LICENCES = {
    "letters": "LicenseRef-fonts-of-NOTICE",
    "pixel-faces": "CC0-1.0",
    "faces": "CC-BY-4.0",
}
#: The attribute whose scores are `logits` unless another is asked for.
MAIN = {"letters": "letter", "pixel-faces": "hair", "faces": "hair"}


def heads_of(name: str) -> dict[str, int]:
    """The number of values of each attribute of a data set."""
    if name == "letters":
        return {"letter": 26}
    values, _ = read_attributes(DATA / name)
    return {attribute: len(known) for attribute, known in values.items()}


def opened(name: str, split: str) -> Drawings:
    """A split in the size that extractors take; portraits come with all their attributes."""
    if name == "letters":
        return Letters(split)
    attributes = list(heads_of(name))
    if name == "faces":
        return Faces(split, size=32, attributes=attributes)
    return PixelFaces(split, attributes=attributes)


def numbers(labels: Tensor, heads: dict[str, int]) -> list[Tensor]:
    """Labels [N], or codes [N, K] of all attributes -> the number of each one's value [N]."""
    if labels.dim() == 1:
        return [labels]
    return [piece.argmax(1) for piece in labels.split(list(heads.values()), 1)]


def shifted(drawings: Tensor, by: int, rng: torch.Generator) -> Tensor:
    """A batch shifted by up to `by` pixels; new pixels repeat the edge."""
    if by == 0:
        return drawings
    side = drawings.shape[-1]
    top, left = torch.randint(0, 2 * by + 1, (2,), generator=rng).tolist()
    wider = pad(drawings, (by,) * 4, mode="replicate")
    return wider[..., top : top + side, left : left + side]


class Task(nn.Module):
    """What a network learns: `batches(seed)` to learn from, and the `loss` of a batch."""

    #: Drawings of a batch for each row.
    VIEWS = 1

    def __init__(self, network: DrawingExtractor, data: Drawings, plan: Plan) -> None:
        super().__init__()
        self.network, self.data, self.plan = network, data, plan

    def steps(self) -> int:
        """Updates in all."""
        return self.plan.passes * -(-len(self.data) // BATCH)

    def batches(self, seed: int) -> Iterator[tuple[Tensor, Any]]:
        """Shuffled and shifted drawings [N, C, H, W] with their labels."""
        for number in range(self.plan.passes):
            rng = torch.Generator().manual_seed(derive(seed, "extractor", number))
            order = torch.randperm(len(self.data), generator=rng)
            for rows in order.split(BATCH):
                drawings, labels = self.data.batch(rows)
                yield shifted(drawings, self.plan.shift, rng), labels

    def loss(self, drawings: Tensor, labels: Any) -> Tensor:
        """What is minimised."""
        raise NotImplementedError

    def judge(self, test: Drawings) -> dict[str, float]:
        """The trained network's figures on a test split."""
        raise NotImplementedError


class Naming(Task):
    """Name every attribute's value: the mean of the cross-entropies."""

    network: AttributeExtractor

    def loss(self, drawings: Tensor, labels: Any) -> Tensor:
        scores = self.network.scores(self.network(drawings))
        known = numbers(labels, self.network.heads)
        pairs = zip(scores.values(), known, strict=True)
        return torch.stack([cross_entropy(one, other) for one, other in pairs]).mean()

    def judge(self, test: Drawings) -> dict[str, float]:
        """The share of drawings with each attribute named correctly; also sets the shares."""
        rows = torch.arange(len(self.data)).split(1000)
        shown = (self.network.probabilities(self.data.batch(some)[0]) for some in rows)
        sums = torch.stack([values.double().sum(0) for values in shown])
        self.network.shares.copy_(sums.sum(0) / len(self.data))
        right: list[Tensor] = []
        for rows in torch.arange(len(test)).split(1000):
            drawings, labels = test.batch(rows)
            scores = self.network.scores(self.network(drawings)).values()
            known = numbers(labels, self.network.heads)
            pairs = zip(scores, known, strict=True)
            right.append(torch.stack([one.argmax(1) == other for one, other in pairs]))
        shares = torch.cat(right, 1).double().mean(1).tolist()
        shares_named = {
            f"accuracy:{name}": round(share, 4)
            for name, share in zip(self.network.heads, shares, strict=True)
        }
        return shares_named if len(shares_named) > 1 else {"accuracy": round(shares[0], 4)}


class Drawing(Task):
    """Draw the input again: squared error."""

    def __init__(self, network: DrawingExtractor, data: Drawings, plan: Plan) -> None:
        super().__init__(network, data, plan)
        self.decoder = Decoder((network.channels, network.side, network.side))

    def loss(self, drawings: Tensor, labels: Any) -> Tensor:
        return mse_loss(self.decoder(self.network(drawings)), drawings)

    def judge(self, test: Drawings) -> dict[str, float]:
        rows = torch.arange(len(test)).split(1000)
        errors = [self.loss(test.batch(some)[0], None) * len(some) for some in rows]
        return {"squared_error": round(float(sum(errors)) / len(test), 5)}


class Likening(Task):
    """Find two letters of one font among those of the other fonts of a batch.

    A batch has at most one font of each family: siblings are nearly one font, and not fair
    negatives.
    """

    VIEWS = 2
    network: StyleExtractor

    def __init__(self, network: StyleExtractor, data: Letters, plan: Plan) -> None:
        super().__init__(network, data, plan)
        known = read("families.json")["families"]
        self.families: dict[str, list[int]] = {}
        self.kept: list[int] = []
        for number, font in enumerate(data.fonts):
            if lot(f"style {known[font]}") < KEPT:
                self.kept.append(number)
            else:
                self.families.setdefault(known[font], []).append(number)

    def batches(self, seed: int) -> Iterator[tuple[Tensor, Any]]:
        """First letters and, in place of labels, second letters of the same fonts."""
        fonts = [torch.tensor(family) for family in self.families.values()]
        sizes = torch.tensor([len(family) for family in fonts])
        table = nn.utils.rnn.pad_sequence(fonts, batch_first=True)
        for step in range(self.steps()):
            rng = torch.Generator().manual_seed(derive(seed, "extractor", step))
            chosen = torch.randperm(len(fonts), generator=rng)[:BATCH]
            which = (torch.rand(len(chosen), generator=rng) * sizes[chosen]).long()
            rows = 26 * table[chosen, which]
            first = torch.randint(0, 26, rows.shape, generator=rng)
            second = (first + torch.randint(1, 26, rows.shape, generator=rng)) % 26
            one, other = self.data.batch(rows + first)[0], self.data.batch(rows + second)[0]
            yield shifted(one, self.plan.shift, rng), shifted(other, self.plan.shift, rng)

    def loss(self, drawings: Tensor, labels: Any) -> Tensor:
        directions = normalize(self.network(torch.cat([drawings, labels])))
        one, other = directions.chunk(2)
        cosines = one @ other.T / TEMPERATURE
        own = torch.arange(len(one), device=one.device)
        return (cross_entropy(cosines, own) + cross_entropy(cosines.T, own)) / 2

    def judge(self, test: Drawings) -> dict[str, float]:
        """Choose the threshold on the fonts kept aside, and judge it on the test fonts."""
        assert isinstance(test, Letters)
        assert isinstance(self.data, Letters)
        same, apart = self._cosines(self.data, self.kept)
        self.network.threshold.copy_(best_threshold(same, apart))
        threshold = float(self.network.threshold)
        same, apart = self._cosines(test, list(range(len(test.fonts))))
        alike = float((same >= threshold).double().mean())
        unlike = float((apart < threshold).double().mean())
        return {
            "accuracy": round((alike + unlike) / 2, 4),
            "auc": round(area(same, apart), 4),
            "same_judged_same": round(alike, 4),
            "others_judged_others": round(unlike, 4),
            "threshold": round(threshold, 4),
        }

    def _cosines(self, data: Letters, fonts: list[int]) -> tuple[Tensor, Tensor]:
        """Cosines of pairs of different letters: from one font, and from fonts of two families."""
        rng = torch.Generator().manual_seed(derive(0, "style pairs"))
        rows = torch.tensor(fonts).repeat_interleave(26) * 26 + torch.arange(26).repeat(len(fonts))
        drawn = [self.network.directions(data.batch(some)[0]) for some in rows.split(1000)]
        directions = torch.cat(drawn).cpu().unflatten(0, (len(fonts), 26))
        known = read("families.json")["families"]
        names = sorted({known[data.fonts[font]] for font in fonts})
        families = torch.tensor([names.index(known[data.fonts[font]]) for font in fonts])
        one, other = torch.randint(0, len(fonts), (2, PAIRS), generator=rng)
        first = torch.randint(0, 26, (PAIRS,), generator=rng)
        second = (first + torch.randint(1, 26, (PAIRS,), generator=rng)) % 26
        same = (directions[one, first] * directions[one, second]).sum(1)
        apart = (directions[one, first] * directions[other, second]).sum(1)
        return same, apart[families[one] != families[other]]


def best_threshold(same: Tensor, apart: Tensor) -> Tensor:
    """The cosine that separates the two kinds of pairs best."""
    tried = torch.linspace(-1, 1, 401)
    right = [(same >= one).double().mean() + (apart < one).double().mean() for one in tried]
    return tried[torch.stack(right).argmax()]


TASKS: dict[str, type[Task]] = {"attributes": Naming, "autoencoder": Drawing, "style": Likening}


def train(task: Task, seed: int) -> int:
    """Train with AdamW on a one-cycle schedule; return how many drawings were shown."""
    steps, shown = task.steps(), 0
    optimizer = torch.optim.AdamW(task.parameters(), RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    task.train()
    for step, (drawings, labels) in enumerate(task.batches(seed)):
        loss = task.loss(drawings, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        shown += task.VIEWS * len(drawings)
        if step % 200 == 0:
            print(f"  step {step:,} of {steps:,}: {loss.item():.4f}", flush=True)
    task.eval()
    return shown


def make(name: str, plan: Plan, seed: int, device: torch.device, folder: Path) -> None:
    """Train one extractor and write its folder."""
    data, test = opened(plan.data, "train"), opened(plan.data, "test")
    data_hash = data.content_hash()
    side, channels = data.sample_shape[-1], data.sample_shape[0]
    arguments: dict[str, Any] = {"side": side, "channels": channels, "width": plan.width}
    if plan.network == "attributes":
        arguments |= {"heads": heads_of(plan.data), "main": MAIN[plan.data]}
    torch.default_generator.manual_seed(derive(seed, "extractor", "weights"))
    network = NETWORKS[plan.network](name=name, **arguments)
    task = TASKS[plan.network](network, data, plan).to(device)
    data.to(device)
    test.to(device)
    print(f"{name}, seed {seed}: {sum(p.numel() for p in network.parameters()):,} parameters")
    began = time.monotonic()
    shown = train(task, seed)
    taken = time.monotonic() - began
    with torch.no_grad():
        figures = task.judge(test)
    folder.mkdir(parents=True, exist_ok=True)
    record = save_weights(folder / GENERATOR_FILE, network, Part(f"ganzoo-art/{name}", arguments))
    config = ExtractorConfig(
        ganzoo_extractor=EXTRACTOR_VERSION,
        name=name,
        network=Part(plan.network, arguments),
        data=Part(f"ganzoo-art/{plan.data}"),
        file=record,
        parameters=sum(p.numel() for p in network.parameters()),
        figures=figures,
        licenses=Licenses("Apache-2.0", "Apache-2.0", LICENCES[plan.data]),
        provenance=Provenance(
            command=shlex.join(["python", *sys.argv]),
            date=datetime.now(UTC).date().isoformat(),
            duration_s=round(taken, 1),
            images=shown,
            data_hash=data_hash,
            hardware=hardware(device),
            versions=versions(),
            threads=torch.get_num_threads(),
        ),
        seed=seed,
    )
    write_text(folder / "config.json", to_json(write_record(config)))
    print(f"{folder}: {figures}, {record.bytes:,} bytes, {taken:.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help=", ".join(PLANS))
    parser.add_argument("--all", action="store_true", help="all of them")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--passes", type=int, help="over the data; default: each one's own")
    parser.add_argument("--out", type=Path, help="default: the plugin for seed 0")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    names = list(PLANS) if options.all else options.names
    if not names or set(names) - PLANS.keys():
        parser.error(f"name some of {', '.join(PLANS)}, or say --all")
    torch.set_num_threads(options.threads)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    place = options.out
    if place is None:
        place = WEIGHTS if options.seed == 0 else Path("runs/extractors") / f"seed-{options.seed}"
    for name in names:
        plan = PLANS[name]
        if options.passes is not None:
            plan = Plan(plan.network, plan.data, options.passes, plan.width, plan.shift)
        make(name, plan, options.seed, torch.device(options.device), place / name)


if __name__ == "__main__":
    main()
