"""Measure models that fill holes beside simple answers, on pictures that none of them has seen.

    python benchmarks/translate.py MODEL [MODEL ...] [-o picture.png]

The test pairs are those of the first model's data set, each once; all rows answer the same
conditions. `mean` fills a hole with the mean training picture, `nearest` with the training picture
(of the first --known ones) that is nearest where the condition is known. FD is measured in the
data's own extractor against the same test pictures, so that targets get 0; the real row is as many
training pictures, the floor of models without a condition.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import torch
from ganzoo_translate.figures import psnr, ssim
from torch import Tensor

import ganzoo
from ganzoo.data.devices import as_bytes
from ganzoo.data.splits import split_of
from ganzoo.interfaces import Dataset, Extractor
from ganzoo.measure.features import extract
from ganzoo.metrics import frechet_distance
from ganzoo.terminal import table
from ganzoo.writers.images import grid, picture_of

CHUNK = 300
SHOWN = 9


def composed(filling: Tensor, conditions: Tensor) -> Tensor:
    """Pictures whose holes are filled, and which are kept elsewhere."""
    return torch.where(conditions[:, -1:] > 0, conditions[:, :-1], filling)


def mean_of(data: Dataset, count: int) -> Tensor:
    """The mean of the first pictures."""
    total = sum(data.batch(rows)[0].sum(0) for rows in torch.arange(count).split(CHUNK))
    return total / count


def nearest(conditions: Tensor, known: Tensor) -> Iterator[Tensor]:
    """For each condition the picture that is nearest where it is known.

    |k (x - t)|^2 = k x^2 - 2 (k x) t + k t^2, of which the first does not depend on t.
    """
    flat = known.flatten(1)
    for given in conditions.split(CHUNK):
        mask = (given[:, -1:] > 0).expand(-1, given.shape[1] - 1, -1, -1).float().flatten(1)
        distances = mask @ flat.square().T - 2 * (given[:, :-1].flatten(1) * mask) @ flat.T
        yield known[distances.argmin(1)]


@torch.no_grad()
def main(arguments: argparse.Namespace) -> None:
    models = [ganzoo.load(Path(what) if Path(what).is_dir() else what) for what in arguments.models]
    part = models[0].card.require_config().recipe.data
    test = split_of(part, "test")
    targets, conditions = test.batch(torch.arange(len(test)))
    train = split_of(part, "train")
    known = train.batch(torch.arange(arguments.known))[0]
    rows = {
        "real": known[: len(test)],
        "mean": composed(mean_of(train, arguments.known), conditions),
        "nearest": composed(torch.cat([*nearest(conditions, known)]), conditions),
    }
    for model, what in zip(models, arguments.models, strict=True):
        rows[Path(what).name] = model.sample(len(test), seed=0, conditions=conditions)
        alpha = conditions[:, -1:].expand_as(targets) > 0
        kept = torch.equal(rows[Path(what).name][alpha], targets[alpha])
        print(f"{what}: known pixels {'are' if kept else 'ARE NOT'} kept bit for bit")
    extractor = ganzoo.open_extractor(str(test.extractor))
    real = moments(extractor, targets)
    lines = []
    for name, made in rows.items():
        features = moments(extractor, made)
        distance = (features.features - real.features).norm(dim=1).mean()
        fd = frechet_distance(features.moments, real.moments)
        said = [name, f"{fd:.3f}"]
        if name == "real":
            said += ["", "", ""]
        else:
            near, alike = psnr(made, targets).mean(), ssim(made, targets).mean()
            said += [f"{near:.2f}", f"{alike:.4f}", f"{distance:.3f}"]
        lines.append(said)
    print(f"\n{len(test):,} test pairs of {part.name}, features of {extractor.name}\n")
    print(table(("ANSWER", "FD", "PSNR", "SSIM", "TARGET DISTANCE"), lines))
    if arguments.out:
        show([conditions[:, :-1], *list(rows.values())[1:], targets], arguments.out)


def moments(extractor: Extractor, pictures: Tensor):
    return extract(extractor, pictures.split(CHUNK), "pictures")


def show(columns: list[Tensor], out: Path) -> None:
    """A line for each of the first pictures: the condition, each answer, the target."""
    panels = torch.stack([column[:SHOWN] for column in columns], 1).flatten(0, 1)
    picture = picture_of(grid(as_bytes(panels), len(columns)))
    picture.resize((3 * picture.width, 3 * picture.height), 0).save(out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--known", type=int, default=6_000)
    parser.add_argument("-o", "--out", type=Path)
    main(parser.parse_args())
