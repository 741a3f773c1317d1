"""Judge digit models by a small classifier: class KL, confident share and a Fréchet distance.

    python benchmarks/judge_digits.py dcgan-mnist wgan-gp-mnist
    python benchmarks/judge_digits.py --json judged.json runs/a runs/b

The judge is a small CNN, trained here on MNIST's 60,000 training images (seed 0, three passes,
about a minute) and kept in --judge, so that it is trained once. Models draw `--n` samples for
each of `--repeats` seeds; class KL is taken to the uniform distribution of ten classes, in nats;
a sample is confident where its class has over 90%; FD is the Fréchet distance of the judge's
128 features to those of the 10,000 test images. Real rows: the test set itself, and as the
floor of FD the training set's first n against it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad

import ganzoo
from ganzoo.data.mnist import MNIST


class Judge(nn.Module):
    """Digits [N, 1, 28, 28] in [-1, 1] -> features [N, 128]; `head` makes logits of them."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, 5, stride=2, padding=2), nn.BatchNorm2d(32), nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(64, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.Flatten(),
            nn.Dropout(0.3), nn.Linear(64 * 49, 128), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Linear(128, 10)

    def forward(self, images: Tensor) -> Tensor:
        return self.features(images)


def train_judge(path: Path) -> Judge:
    """Read the judge, or train it on the training images alone, shifted by up to 2 pixels."""
    judge = Judge()
    if path.exists():
        judge.load_state_dict(load_file(path))
        return judge.eval()
    torch.default_generator.manual_seed(0)
    judge.apply(lambda m: m.reset_parameters() if hasattr(m, "reset_parameters") else None)
    data, passes, batch = MNIST("train"), 3, 128
    steps = passes * len(data) // batch
    optimizer = torch.optim.AdamW(judge.parameters(), 2e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
    judge.train()
    for _ in range(steps):
        images, labels = data.batch(torch.randint(len(data), (batch,)))
        dy, dx = torch.randint(0, 5, (2,)).tolist()
        shifted = pad(images, (2, 2, 2, 2), value=-1.0)[..., dy : dy + 28, dx : dx + 28]
        loss = cross_entropy(judge.head(judge(shifted)), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(judge.state_dict(), path)
    return judge.eval()


@torch.no_grad()
def look(judge: Judge, images: Tensor) -> tuple[Tensor, Tensor]:
    """Features float64 [N, 128] and class probabilities float64 [N, 10]."""
    features = torch.cat([judge(piece) for piece in images.split(1000)])
    return features.double(), judge.head(features).double().softmax(1)


def class_kl(probabilities: Tensor) -> float:
    """KL of the histogram of winning classes to the uniform one, in nats."""
    share = torch.bincount(probabilities.argmax(1), minlength=10) / len(probabilities)
    return float(torch.special.xlogy(share, share * 10).sum())


def confident(probabilities: Tensor) -> float:
    """Share of samples whose class has over 90%."""
    return float((probabilities.amax(1) > 0.9).double().mean())


def frechet(one: Tensor, two: Tensor) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^1/2) (Dowson and Landau 1982)."""
    roots = torch.linalg.eigvals(one.T.cov() @ two.T.cov()).real.clamp(min=0).sqrt().sum()
    means = (one.mean(0) - two.mean(0)).square().sum()
    return float(means + one.T.cov().trace() + two.T.cov().trace() - 2 * roots)


def figures(judge: Judge, images: Tensor, reference: Tensor) -> dict[str, float]:
    """The three figures of one set of images."""
    features, probabilities = look(judge, images)
    return {
        "class_kl": class_kl(probabilities),
        "confident": confident(probabilities),
        "fd": frechet(features, reference),
    }


def spread(rows: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Mean and standard deviation over the repeats."""
    columns = {key: torch.tensor([row[key] for row in rows]) for key in rows[0]}
    return {
        key: {"mean": float(c.mean()), "std": float(c.std()) if len(c) > 1 else 0.0}
        for key, c in columns.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", help="names, folders or runs")
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3, help="sampling seeds")
    parser.add_argument("--judge", type=Path, default=Path("runs/judge.safetensors"))
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()
    judge = train_judge(options.judge)
    test, train = MNIST("test"), MNIST("train")
    real, labels = test.batch(torch.arange(len(test)))
    reference, probabilities = look(judge, real)
    accuracy = float((probabilities.argmax(1) == labels).double().mean())
    floor = figures(judge, train.batch(torch.arange(options.n))[0], reference)
    print(
        f"judge: accuracy {accuracy:.4f} on the test images; n = {options.n}, "
        f"{options.repeats} sampling seeds"
    )
    print(f"{'':28}{'class KL':>16}{'confident':>18}{'FD':>16}")
    print(
        f"{'real test images':28}{class_kl(probabilities):>16.4f}"
        f"{confident(probabilities):>18.4f}{0:>16.2f}"
    )
    print(
        f"{'real training images':28}{floor['class_kl']:>16.4f}{floor['confident']:>18.4f}"
        f"{floor['fd']:>16.2f}"
    )
    found: dict[str, Any] = {
        "accuracy": accuracy,
        "n": options.n,
        "repeats": options.repeats,
        "floor": floor,
        "models": {},
    }
    for name in options.models:
        model = ganzoo.load(name)
        rows = [
            figures(judge, model.sample(options.n, seed=seed, batch=500), reference)
            for seed in range(options.repeats)
        ]
        row = found["models"][name] = spread(rows)
        print(
            f"{name[-27:]:28}"
            + "".join(
                f"{row[key]['mean']:>{width}.{digits}f} ±{row[key]['std']:.{digits}f}"
                for key, width, digits in (("class_kl", 9, 4), ("confident", 11, 4), ("fd", 10, 2))
            )
        )
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
