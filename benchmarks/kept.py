"""What of portraits in pixel art survives where a model turns them into drawn faces.

    python benchmarks/kept.py [MODEL] [-o picture.png]

Each test portrait is turned into a face, and cnn-faces says what it sees there: the colour of the
ground, of the skin and of the hair (of portraits without a hat), and whether there are glasses.
Right is the colour of faces that is nearest to the input's own in RGB; grounds have the same
colours in both sets. `chance` is the agreement with the attributes of other portraits. FD is
measured in cnn-faces against the test faces, so that the real row, as many training faces, is its
floor. `nearest` is the training face (of the first --known) whose pixels are nearest to the
input's; the row of the test faces says how well cnn-faces judges. The picture has a line each for
inputs, answers and the way back, and again for other inputs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from ganzoo_translate.figures import psnr
from ganzoo_translate.residual import CycleTranslator
from torch import Tensor

import ganzoo
from ganzoo.data.devices import as_bytes
from ganzoo.interfaces import Dataset
from ganzoo.measure.features import extract
from ganzoo.metrics import frechet_distance
from ganzoo.terminal import table
from ganzoo.writers.images import grid, picture_of

JUDGED = ("primaryBackgroundColor", "skinColor", "hairColor", "glasses")
TITLES = ("GROUND", "SKIN", "HAIR", "GLASSES")
COLUMNS, LINES, CHUNK = 12, 2, 500
Values = dict[str, tuple[tuple[str, ...], Tensor]]  #: an attribute's values, and each row's number


def portraits(name: str, split: str, *attributes: str) -> tuple[Tensor, Values]:
    """All portraits [N, 3, 32, 32] of a split, and their attributes."""
    data: Dataset = ganzoo.datasets.load(name, split=split, size=32, attributes=attributes)
    pictures, told = data.batch(torch.arange(len(data)))
    names = [one.partition("=") for one in data.condition_names]
    found = {}
    for attribute in attributes:
        columns = [k for k, (of, _, _) in enumerate(names) if of == attribute]
        found[attribute] = (tuple(names[k][2] for k in columns), told[:, columns].argmax(1))
    return pictures, found


def colour(name: str) -> list[float]:
    """The red, green and blue of "#ffdbac"."""
    return [int(name[i : i + 2], 16) for i in (1, 3, 5)]


def alike(theirs: tuple[str, ...], ours: tuple[str, ...]) -> Tensor:
    """The number among our values of the one that is most like each of theirs: int64 [K]."""
    if "none" in ours:  # a thing, of which only the presence is comparable
        return torch.tensor([int(name != "none") for name in theirs])
    one, other = (
        torch.tensor([colour(name) for name in names]).float() for names in (theirs, ours)
    )
    return torch.cdist(one, other).argmin(1)


def seen(judge: ganzoo.Extractor, pictures: Tensor) -> dict[str, Tensor]:
    """The values of attributes that the judge sees; of glasses, whether there are any."""
    outputs = [judge.outputs(some) for some in pictures.split(CHUNK)]
    read = {name: torch.cat([one[f"attribute:{name}"] for one in outputs]) for name in JUDGED}
    found = {name: scores.argmax(1) for name, scores in read.items()}
    found["glasses"] = (found["glasses"] != judge.value_names["glasses"].index("none")).long()
    return found


def agreement(wanted: Tensor, found: Tensor) -> tuple[float, float]:
    """The share of rows that agree, and that of rows put together at random."""
    most = int(torch.maximum(wanted, found).max()) + 1
    shares = [torch.bincount(one, minlength=most) / len(one) for one in (wanted, found)]
    return float((wanted == found).double().mean()), float((shares[0] * shares[1]).sum())


@torch.no_grad()
def main(arguments: argparse.Namespace) -> None:
    what = arguments.model
    model = ganzoo.load(Path(what) if Path(what).is_dir() else what)
    network, judge = model.generator, ganzoo.open_extractor("cnn-faces")
    assert isinstance(network, CycleTranslator)
    inputs, known = portraits("pixel-faces", "test", *JUDGED, "hat")
    faces, of_faces = portraits("faces", "test", *JUDGED)
    train, _ = portraits("faces", "train", *JUDGED)
    answers = model.sample(len(inputs), seed=0, conditions=inputs)
    home = torch.cat([network.back(some) for some in answers.split(CHUNK)])
    few = train[: arguments.known].flatten(1)
    near = torch.cat([torch.cdist(some.flatten(1), few).argmin(1) for some in inputs.split(CHUNK)])
    bareheaded = known["hat"][1] == known["hat"][0].index("none")

    def row(name: str, pictures: Tensor, own: Values, rows: Tensor | None = None) -> list[str]:
        line = [name, f"{frechet_distance(moments(judge, pictures), real):.2f}"]
        found = seen(judge, pictures)
        for attribute in JUDGED:
            values, numbers = own[attribute]
            wanted = alike(values, tuple(judge.value_names[attribute]))[numbers]
            kept = slice(None) if rows is None or attribute != "hairColor" else rows
            share, chance = agreement(wanted[kept], found[attribute][kept])
            line.append(f"{share:.1%} ({chance:.1%})")
        return line

    real = moments(judge, faces)
    lines = [
        row("the input itself", inputs, known, bareheaded),
        row(f"nearest of {len(few):,}", train[near], known, bareheaded),
        row(what, answers, known, bareheaded),
        row("test faces, judged", faces, of_faces),
        ["training faces", f"{frechet_distance(moments(judge, train[: len(faces)]), real):.2f}"],
    ]
    print(f"{len(inputs):,} portraits, {len(faces):,} test faces; in brackets: by chance\n")
    print(table(("ANSWER", "FD", *TITLES), [[*one, *[""] * (6 - len(one))] for one in lines]))
    print(f"\nway back: {psnr(home, inputs).mean():.2f} dB")
    if arguments.out:
        show(inputs, answers, home, out=arguments.out)


def moments(judge: ganzoo.Extractor, pictures: Tensor):
    return extract(judge, pictures.split(CHUNK), "faces").moments


def show(*panels: Tensor, out: Path) -> None:
    """Lines of the first pictures of each panel, one below the other."""
    rows = [one.split(COLUMNS)[number] for number in range(LINES) for one in panels]
    picture = picture_of(grid(as_bytes(torch.cat(rows)), COLUMNS))
    picture.resize((2 * picture.width, 2 * picture.height), 0).save(out, optimize=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default="cyclegan-faces")
    parser.add_argument("--known", type=int, default=3_000)
    parser.add_argument("-o", "--out", type=Path)
    main(parser.parse_args())
