"""Train the extractors that the package ships, each only on its data set's training images.

    python tools/train_extractors.py cnn-mnist ae-mnist cnn-fashion-mnist ae-fashion-mnist
    python tools/train_extractors.py cnn-mnist --seed 1 --out runs/extractors

Seed 0 goes into the package; other seeds, which the validation compares, go into runs/extractors.
A training takes minutes on one thread. The classifier learns labels; the autoencoder learns to
draw its input again. Both see images shifted by up to a pixel. Random numbers depend on counters,
so the same machine and threads give the same weights.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss, pad

from ganzoo.build import build
from ganzoo.extractors import shipped
from ganzoo.extractors.networks import AutoencoderExtractor, ClassifierExtractor, Decoder
from ganzoo.files import write_text
from ganzoo.hardware import hardware, versions
from ganzoo.interfaces import Dataset
from ganzoo.seeds import derive
from ganzoo.specs import GENERATOR_FILE, Licenses, Part, Provenance, write_record
from ganzoo.specs.extractor import EXTRACTOR_VERSION, ExtractorConfig
from ganzoo.specs.reading import to_json
from ganzoo.weights import save_weights

BATCH, PASSES, RATE, SHIFT = 128, 4, 4e-3, 1
SHAPE, CLASSES = (1, 28, 28), 10
DATA_LICENCES = {"mnist": "CC-BY-SA-3.0", "fashion-mnist": "MIT"}
KINDS = {"cnn": "classifier", "ae": "autoencoder"}


def batches(data: Dataset, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Shuffled and shifted images [N, C, H, W] with their labels, for all passes."""
    for number in range(PASSES):
        rng = torch.Generator().manual_seed(derive(seed, "extractor", number))
        order = torch.randperm(len(data), generator=rng)
        for rows in order.split(BATCH):
            images, labels = data.batch(rows)
            assert labels is not None
            dy, dx = torch.randint(0, 2 * SHIFT + 1, (2,), generator=rng).tolist()
            height, width = images.shape[2:]
            padded = pad(images, (SHIFT,) * 4, value=-1.0)
            yield padded[..., dy : dy + height, dx : dx + width], labels


def train(network: nn.Module, loss_of: nn.Module, data: Dataset, seed: int) -> None:
    """Minimise `loss_of(images, labels)` with AdamW on a one-cycle schedule."""
    steps = PASSES * -(-len(data) // BATCH)
    optimizer = torch.optim.AdamW(loss_of.parameters(), RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    loss_of.train()
    for step, (images, labels) in enumerate(batches(data, seed)):
        loss = loss_of(images, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 200 == 0:
            print(f"  step {step:,} of {steps:,}: {loss.item():.4f}", flush=True)
    network.eval()


class Classifying(nn.Module):
    """Cross-entropy of an extractor's classes."""

    def __init__(self, network: ClassifierExtractor) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        return cross_entropy(self.network.logits(images), labels)


class Drawing(nn.Module):
    """Squared error of images drawn again from an extractor's features."""

    def __init__(self, network: AutoencoderExtractor) -> None:
        super().__init__()
        self.network, self.decoder = network, Decoder(network.sample_shape)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return mse_loss(self.decoder(self.network(images)), images)


@torch.no_grad()
def judge(task: nn.Module, test: Dataset) -> dict[str, float]:
    """A trained extractor's figures on the test images."""
    images, labels = test.batch(torch.arange(len(test)))
    assert labels is not None
    task.eval()
    if isinstance(task, Classifying):
        logits = torch.cat([task.network.logits(piece) for piece in images.split(1000)])
        return {"accuracy": round(float((logits.argmax(1) == labels).double().mean()), 4)}
    errors = torch.stack([task(piece, None) for piece in images.split(1000)])
    return {"squared_error": round(float(errors.double().mean()), 5)}


def make(name: str, seed: int, folder: Path) -> None:
    """Train one extractor and write its folder."""
    kind, _, data_name = name.partition("-")
    arguments = {"sample_shape": list(SHAPE)}
    if kind == "cnn":
        arguments["num_classes"] = CLASSES
    part, data = Part(KINDS[kind], arguments), build(Dataset, Part(data_name))
    torch.default_generator.manual_seed(derive(seed, "extractor", "weights"))
    network = shipped.NETWORKS[part.name](name=name, **arguments)
    task = Classifying(network) if isinstance(network, ClassifierExtractor) else Drawing(network)
    print(f"{name}, seed {seed}: {sum(p.numel() for p in network.parameters()):,} parameters")
    began = time.monotonic()
    train(network, task, data, seed)
    taken = time.monotonic() - began
    figures = judge(task, build(Dataset, Part(data_name, {"split": "test"})))
    folder.mkdir(parents=True, exist_ok=True)
    record = save_weights(folder / GENERATOR_FILE, network, Part(f"ganzoo/{name}", arguments))
    config = ExtractorConfig(
        ganzoo_extractor=EXTRACTOR_VERSION,
        name=name,
        network=part,
        data=Part(f"ganzoo/{data_name}"),
        file=record,
        parameters=sum(p.numel() for p in network.parameters()),
        figures=figures,
        licenses=Licenses("Apache-2.0", "Apache-2.0", DATA_LICENCES[data_name]),
        provenance=Provenance(
            command=shlex.join(["python", *sys.argv]),
            date=datetime.now(UTC).date().isoformat(),
            duration_s=round(taken, 1),
            images=PASSES * len(data),
            data_hash=data.content_hash(),
            hardware=hardware(torch.device("cpu")),
            versions=versions(),
            threads=torch.get_num_threads(),
        ),
        seed=seed,
    )
    write_text(folder / "config.json", to_json(write_record(config)))
    print(f"{folder}: {figures}, {record.bytes:,} bytes, {taken:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", help="cnn-mnist, ae-fashion-mnist ...")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="default: the package for seed 0")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for name in options.names:
        seed, place = options.seed, options.out
        if place is None:
            place = shipped.FOLDER if seed == 0 else Path("runs/extractors") / f"seed-{seed}"
        make(name, seed, place / name)


if __name__ == "__main__":
    main()
