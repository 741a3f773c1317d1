"""Measure models from picture to picture beside simple answers, on pictures that none has seen.

    python benchmarks/translate.py MODEL [MODEL ...] [-o picture.png]

The test pairs are those of the first model's data set, each once; all rows answer the same
conditions. `mean` is the mean training picture, `nearest` the training picture (of the first
--known ones) whose condition is nearest; where conditions have holes, both stand in the holes
alone, and near is what is near where the condition is known. FD is measured in the data's own
extractor against the same test pictures, so that targets get 0; the real row is as many training
pictures, the floor of models without a condition. Alphabets are measured letter by letter in
cnn-letters, which also says how many letters it takes for what they should be.
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


def nearest_known(conditions: Tensor, known: Tensor) -> Iterator[Tensor]:
    """For each condition with a hole, the picture that is nearest where it is known.

    |k (x - t)|^2 = k x^2 - 2 (k x) t + k t^2, of which the first does not depend on t.
    """
    flat = known.flatten(1)
    for given in conditions.split(CHUNK):
        mask = (given[:, -1:] > 0).expand(-1, given.shape[1] - 1, -1, -1).float().flatten(1)
        distances = mask @ flat.square().T - 2 * (given[:, :-1].flatten(1) * mask) @ flat.T
        yield known[distances.argmin(1)]


def nearest(conditions: Tensor, known: Tensor, theirs: Tensor) -> Iterator[Tensor]:
    """For each condition the picture whose own condition is nearest."""
    for given in conditions.split(CHUNK):
        yield known[torch.cdist(given.flatten(1), theirs.flatten(1)).argmin(1)]


def simple_answers(data: Dataset, conditions: Tensor, count: int, *, holes: bool) -> dict:
    """The answers that nothing was trained for."""
    known, theirs = data.batch(torch.arange(min(count, len(data))))
    mean = mean_of(data, len(known))
    if holes:
        near = torch.cat([*nearest_known(conditions, known)])
        return {"mean": composed(mean, conditions), "nearest": composed(near, conditions)}
    near = torch.cat([*nearest(conditions, known, theirs)])
    return {"mean": mean.expand(len(conditions), *mean.shape), "nearest": near}


@torch.no_grad()
def main(arguments: argparse.Namespace) -> None:
    models = [ganzoo.load(Path(what) if Path(what).is_dir() else what) for what in arguments.models]
    config = models[0].card.require_config()
    part, holes = config.recipe.data, bool(config.generator.arguments.get("keep_known"))
    test, train = split_of(part, "test"), split_of(part, "train")
    targets, conditions = test.batch(torch.arange(len(test)))
    count = min(len(targets), len(train))
    rows = {"real": train.batch(torch.arange(count))[0]}
    rows |= simple_answers(train, conditions, arguments.known, holes=holes)
    for model, what in zip(models, arguments.models, strict=True):
        rows[Path(what).name] = model.sample(len(test), seed=0, conditions=conditions)
        if holes:
            alpha = conditions[:, -1:].expand_as(targets) > 0
            kept = torch.equal(rows[Path(what).name][alpha], targets[alpha])
            print(f"{what}: known pixels {'are' if kept else 'ARE NOT'} kept bit for bit")
    extractor = ganzoo.open_extractor(str(test.extractor or "cnn-letters"))
    real = moments(extractor, targets)
    lines = []
    for name, made in rows.items():
        features = moments(extractor, made)
        said = [name, f"{frechet_distance(features.moments, real.moments):.3f}"]
        if name == "real":
            said += ["", "", ""]
        else:
            distance = (features.features - real.features).norm(dim=1).mean()
            alike = ssim(as_pictures(made), as_pictures(targets)).mean()
            said += [f"{psnr(made, targets).mean():.2f}", f"{alike:.4f}", f"{distance:.3f}"]
        if test.kind == "alphabet":
            said.append(f"{right_letters(features.logits):.1%}")
        lines.append(said)
    print(f"\n{len(test):,} test pairs of {part.name}, features of {extractor.name}\n")
    header = ("ANSWER", "FD", "PSNR", "SSIM", "TARGET DISTANCE", "RIGHT LETTER")
    print(table(header[: len(lines[0])], lines))
    if arguments.out:
        shown = conditions[:, :-1] if holes else conditions
        show([shown, *list(rows.values())[1:], targets], arguments.out)


def as_pictures(made: Tensor) -> Tensor:
    """Pictures as they are, and the letters of alphabets [N, 26, H, W] one by one."""
    return made if made.shape[1] in (1, 3) else made.flatten(0, 1).unsqueeze(1)


def right_letters(logits: Tensor) -> float:
    """The share of letters, alphabet after alphabet, that are taken for what they should be."""
    wanted = torch.arange(len(logits)) % logits.shape[1]
    return float((logits.argmax(1) == wanted).double().mean())


def moments(extractor: Extractor, pictures: Tensor):
    return extract(extractor, as_pictures(pictures).split(CHUNK), "pictures")


def show(columns: list[Tensor], out: Path) -> None:
    """A line for each of the first pictures: the condition, each answer, the target."""
    wide = max(column.shape[1] for column in columns)
    if wide > 4:  # alphabets: a line for each answer
        columns = [column.expand(-1, wide, -1, -1) for column in columns[1:]]
        lines = torch.stack([column[:SHOWN] for column in columns], 1).flatten(0, 1)
        picture = picture_of(grid(as_bytes(as_pictures(lines)), wide))
    else:
        fitting = [column[:SHOWN].expand(-1, wide, -1, -1) for column in columns]
        panels = torch.stack(fitting, 1).flatten(0, 1)
        picture = picture_of(grid(as_bytes(panels), len(columns)))
    picture.resize((3 * picture.width, 3 * picture.height), 0).save(out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--known", type=int, default=6_000)
    parser.add_argument("-o", "--out", type=Path)
    main(parser.parse_args())
