"""Test the package's extractors on images that get worse step by step.

    python tools/validate_extractors.py                 # writes docs/extractors.md and its plots
    python tools/validate_extractors.py --data mnist --n 1000 --dry     # prints, writes nothing

Does a metric in their features put them in order? The script makes real training images worse step
by step: noise, blur, occlusion, swirl, fewer classes, less variety within each class. A distance
must grow at every step; coverage and recall must fall where variety is lost. The script also
measures how the floor falls with n, whether extractors from other training seeds
(runs/extractors/, see tools/train_extractors.py) rank all those sets alike (Kendall's tau), and
whether the memorisation ratio notices copies of the training set, which distances do not notice.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample
from torchvision.transforms.v2.functional import gaussian_blur

from ganzoo.extractors import shipped
from ganzoo.files import write_text
from ganzoo.interfaces import Dataset, Extractor
from ganzoo.measure.features import NEIGHBOURS, extract
from ganzoo.measure.figures import feature_figures
from ganzoo.measure.real_statistics import batches, drawn, make_reference, splits
from ganzoo.measure.references import About, Reference
from ganzoo.seeds import derive
from ganzoo.specs import Part

DOCS = Path(__file__).parents[1] / "docs"
SEEDS = Path("runs/extractors")
DATA = {
    "mnist": ("cnn-mnist", "ae-mnist"),
    "fashion-mnist": ("cnn-fashion-mnist", "ae-fashion-mnist"),
}
FLOORS = (500, 1_000, 2_000, 5_000, 10_000)
SHOWN = ("fd", "kd", "precision", "recall", "density", "coverage")


def noise(images: Tensor, labels: Tensor, level: float, rng: torch.Generator) -> Tensor:
    """Gaussian noise of that deviation, cut to [-1, 1]."""
    return (images + level * torch.randn(images.shape, generator=rng)).clamp(-1, 1)


def blur(images: Tensor, labels: Tensor, level: float, rng: torch.Generator) -> Tensor:
    """Gaussian blur of that deviation, in pixels."""
    return gaussian_blur(images, [9, 9], [level, level])


def occlusion(images: Tensor, labels: Tensor, level: float, rng: torch.Generator) -> Tensor:
    """A black square of that side, anywhere in the image."""
    side, size = int(level), images.shape[-1]
    corner = torch.randint(size - side + 1, (2, len(images), 1, 1), generator=rng)
    place = torch.arange(size)
    rows = (place[:, None] >= corner[0]) & (place[:, None] < corner[0] + side)
    columns = (place >= corner[1]) & (place < corner[1] + side)
    return images.masked_fill((rows & columns)[:, None], -1.0)


def swirl(images: Tensor, labels: Tensor, level: float, rng: torch.Generator) -> Tensor:
    """A rotation by that many radians in the middle, which fades to none at the edge."""
    eye = torch.eye(2, 3).expand(len(images), 2, 3)
    grid = affine_grid(eye, list(images.shape), align_corners=False)
    angle = level * (1 - grid.norm(dim=-1)).clamp(min=0)
    x, y = grid.unbind(-1)
    turned = torch.stack([x * angle.cos() - y * angle.sin(), x * angle.sin() + y * angle.cos()], -1)
    return grid_sample(images + 1, turned, align_corners=False) - 1


def fewer_classes(images: Tensor, labels: Tensor, level: float, rng: torch.Generator) -> Tensor:
    """Without that many classes; the same number of images, drawn again from the rest."""
    left = (labels >= level).nonzero().squeeze(1)
    return images[left[torch.randint(len(left), (len(images),), generator=rng)]]


def less_variety(images: Tensor, labels: Tensor, level: float, rng: torch.Generator) -> Tensor:
    """Only that many different images of each class, repeated."""
    made = torch.empty_like(images)
    for label in labels.unique():
        own = (labels == label).nonzero().squeeze(1)
        few = own[: int(level)]
        made[own] = images[few[torch.randint(len(few), (len(own),), generator=rng)]]
    return made


Worsen = Callable[[Tensor, Tensor, float, torch.Generator], Tensor]


@dataclass(frozen=True)
class Ladder:
    """One way to make images worse, at levels from mild to severe.

    `falls` names the figures that must fall; distances must rise on every ladder.
    """

    name: str
    worsen: Worsen
    levels: tuple[float, ...]
    falls: tuple[str, ...]
    unit: str


LADDERS = (
    Ladder("noise", noise, (0.1, 0.2, 0.35, 0.5), ("recall", "coverage"), "deviation"),
    Ladder("blur", blur, (0.6, 0.9, 1.3, 1.8), ("recall", "coverage"), "pixels"),
    Ladder("occlusion", occlusion, (5, 8, 11, 14), ("precision", "density", "coverage"), "pixels"),
    Ladder("swirl", swirl, (0.7, 1.2, 1.8, 2.5), ("precision", "recall", "coverage"), "radians"),
    Ladder("fewer classes", fewer_classes, (1, 3, 5, 8), ("recall", "coverage"), "classes"),
    Ladder("less variety", less_variety, (40, 20, 8, 3), ("recall", "coverage"), "images a class"),
)
DISTANCES = ("fd", "kd")
#: How far a share of 2,000 samples may rise by chance where it must fall.
SLACK = 0.02


@dataclass(frozen=True)
class Trial:
    """One extractor's figures: by ladder and level, floors by n, and those of copies."""

    extractor: Extractor
    figures: dict[str, list[dict[str, float]]]
    floors: dict[int, dict[str, float]]
    copies: dict[str, float]

    @property
    def ranking(self) -> list[float]:
        """The Fréchet distances of all worsened sets, in one order."""
        return [row["fd"] for rows in self.figures.values() for row in rows[1:]]

    def failures(self) -> list[str]:
        """The figures that do not move as they must."""
        return [
            f"{ladder.name}: {key} goes " + ", ".join(f"{row[key]:.3f}" for row in rows)
            for ladder in LADDERS
            for rows in (self.figures[ladder.name],)
            for key in (*DISTANCES, *ladder.falls)
            if not moves(key, [row[key] for row in rows])
        ]


def moves(key: str, values: list[float]) -> bool:
    """Whether a distance rises at every step, or a share falls, apart from chance."""
    if key in DISTANCES:
        return all(earlier < later for earlier, later in pairwise(values))
    return all(later <= earlier + SLACK for earlier, later in pairwise(values)) and (
        values[-1] < values[0] - SLACK
    )


def climb(
    ladder: Ladder, extractor: Extractor, real: Reference, images: Tensor, labels: Tensor
) -> Iterator[dict[str, float]]:
    """The figures at each level of a ladder, from the untouched images up."""
    for level in (None, *ladder.levels):
        rng = torch.Generator().manual_seed(derive("validation", ladder.name))
        shown = images if level is None else ladder.worsen(images, labels, level, rng)
        yield feature_figures(extract(extractor, [shown], ladder.name), real)


def attempt(extractor: Extractor, data: Part, n: int, *, quick: bool) -> Trial:
    """Test one extractor on everything; `quick` tests it on the ladders only."""
    train, test = splits(data)
    real = (
        make_reference(extractor, data, train, test, "") if not quick else moments(extractor, test)
    )
    images, labels = train.batch(drawn(train, n))
    assert labels is not None
    figures = {}
    for ladder in LADDERS:
        figures[ladder.name] = list(climb(ladder, extractor, real, images, labels))
        print(f"  {extractor.name}, {ladder.name}", flush=True)
    if quick:
        return Trial(extractor, figures, {}, {})
    order = drawn(train, max(FLOORS))
    floors = {
        size: feature_figures(extract(extractor, batches(train, order[:size]), "the floor"), real)
        for size in FLOORS
    }
    copies = feature_figures(extract(extractor, batches(train, order[:n]), "copies"), real)
    return Trial(extractor, figures, floors, copies)


def moments(extractor: Extractor, test: Dataset) -> Reference:
    """The statistics of test samples that the Fréchet distance and the neighbours need."""
    seen = extract(extractor, batches(test, drawn(test, len(test))), "test samples")
    about = About(1, extractor.name, "", Part(""), "", test.sample_shape, len(seen), 1.0)
    return Reference(about, seen.moments, seen.features[:NEIGHBOURS])


def kendall(one: list[float], two: list[float]) -> float:
    """Kendall's tau: concordant minus discordant pairs, over all pairs; ties are neither."""
    pairs = [(i, j) for i in range(len(one)) for j in range(i)]
    return sum(sign(one[i] - one[j]) * sign(two[i] - two[j]) for i, j in pairs) / len(pairs)


def sign(value: float) -> int:
    """-1, 0 or 1."""
    return (value > 0) - (value < 0)


def plot(trials: list[Trial], data: str, path: Path) -> None:
    """A panel for each ladder: each extractor's Fréchet distance and coverage, by level."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, len(LADDERS), figsize=(15, 5), sharex="col", sharey="row")
    for column, ladder in enumerate(LADDERS):
        steps = ["none", *(f"{level:g}" for level in ladder.levels)]
        for trial in trials:
            for row, key in enumerate(("fd", "coverage")):
                values = [figures[key] for figures in trial.figures[ladder.name]]
                axes[row][column].plot(steps, values, marker="o", label=trial.extractor.name)
        axes[0][column].set_yscale("log")
        axes[0][column].set_title(ladder.name)
        axes[1][column].set_xlabel(ladder.unit)
    axes[0][0].set_ylabel("Fréchet distance")
    axes[1][0].set_ylabel("coverage")
    axes[0][0].legend(frameon=False, loc="lower right")
    figure.suptitle(f"{data}: training images made worse, against the test images")
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80, metadata={"Software": None})
    plt.close(figure)


def page(data: str, trials: list[Trial], taus: dict[str, float], n: int) -> str:
    """The page's section for one data set."""
    lines = [f"## {data}", "", f"![distances and coverage by level](extractors/{data}.png)", ""]
    for trial in trials:
        folder = shipped.FOLDER / trial.extractor.name
        config = shipped.read_extractor_config(folder / "config.json")
        reached = ", ".join(f"{key.replace('_', ' ')} {v:g}" for key, v in config.figures.items())
        lines += [
            f"### {trial.extractor.name}",
            "",
            f"{config.parameters:,} parameters, {config.file.bytes:,} bytes; on the test images: "
            f"{reached}. Trained by `{config.provenance.command}` on the training images.",
            "",
            "| ladder | levels | " + " | ".join(SHOWN) + " |",
            "|---|---" + "|---" * len(SHOWN) + "|",
        ]
        for ladder in LADDERS:
            rows = trial.figures[ladder.name]
            cells = (" → ".join(short(row[key]) for row in rows) for key in SHOWN)
            levels = ", ".join(f"{level:g}" for level in ladder.levels)
            lines.append(f"| {ladder.name} | {levels} {ladder.unit} | {' | '.join(cells)} |")
        floors = ", ".join(f"{short(row['fd'])} at {size:,}" for size, row in trial.floors.items())
        wrong = trial.failures()
        lines += [
            "",
            f"Floor of FD (real training images): {floors}.",
            "",
            f"Copies of {n:,} training images: FD {short(trial.copies['fd'])}, which is the floor, "
            "so no distance notices them. Memorisation ratio "
            f"{trial.copies['memorisation']:.3f}; test images have 1.",
            "",
            "Every figure rises or falls as it must."
            if not wrong
            else "**Not in order:** " + "; ".join(wrong) + ".",
            "",
        ]
    if taus:
        correlations = ", ".join(f"{name} {tau:.3f}" for name, tau in taus.items())
        lines += [
            f"Kendall's tau between {trials[0].extractor.name}'s Fréchet distances of all "
            f"{len(trials[0].ranking)} sets and those of others: {correlations}.",
            "",
        ]
    return "\n".join(lines)


def short(value: float) -> str:
    """A figure in few characters."""
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.3g}"


def validate(data: str, n: int, seeds: Path) -> tuple[str, list[str]]:
    """The page's section for a data set, and what the extractor in use gets wrong."""
    part = Part(data)
    trials = [
        attempt(shipped.open_folder(shipped.FOLDER / name), part, n, quick=False)
        for name in DATA[data]
    ]
    first = trials[0]
    taus = {trials[1].extractor.name: kendall(first.ranking, trials[1].ranking)}
    for folder in sorted(seeds.glob(f"seed-*/{first.extractor.name}")):
        other = attempt(shipped.open_folder(folder), part, n, quick=True)
        taus[folder.parent.name.replace("-", " ")] = kendall(first.ranking, other.ranking)
    if len(taus) < 2:
        print(f"no other training seed of {first.extractor.name} lies in {seeds}", file=sys.stderr)
    plot(trials, data, DOCS / "extractors" / f"{data}.png")
    return page(data, trials, taus, n), first.failures()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=DATA, action="append", help="default: both")
    parser.add_argument("--n", type=int, default=4_000, help="images of each worsened set")
    parser.add_argument("--seeds", type=Path, default=SEEDS, help="other training seeds")
    parser.add_argument("--dry", action="store_true", help="print, and write nothing")
    options = parser.parse_args()
    torch.set_num_threads(1)
    sections, wrong = [], []
    for data in options.data or DATA:
        section, failures = validate(data, options.n, options.seeds)
        sections.append(section)
        wrong += failures
    text = INTRODUCTION.format(count=options.n, n=f"{options.n:,}") + "\n" + "\n".join(sections)
    if options.dry:
        print(text)
    else:
        write_text(DOCS / "extractors.md", text)
    for failure in wrong:
        print(f"does not order {failure}")
    sys.exit(1 if wrong else 0)


INTRODUCTION = """# The extractors, tested

<!-- written by `python tools/validate_extractors.py --n {count}`; it takes a quarter of an hour -->

A metric is worth as much as its features can see. This page makes real training images worse, step
by step, and measures them as `ganzoo eval` measures samples, against all test images ({n} images
in each set; shares compare 2,000 with 2,000). Each cell goes from untouched images to the worst.

Distances (fd, kd) must rise at every step. Shares must fall from the first cell to the last, and
may rise by at most 0.02 at a step, which chance can cause. This holds for recall and coverage
under noise, blur, fewer classes and less variety; for precision, density and coverage under
occlusion; and for precision, recall and coverage under swirl. Precision and density cannot judge
blur, because blur moves images towards the middle of the data, where neighbours are near.

`cnn-*` are the extractors in use. `ae-*` never saw a label and are the control; only a second
Fréchet distance in each card rests on them. Kendall's tau also compares how other trainings of
`cnn-*` rank the sets. They were made by `python tools/train_extractors.py cnn-mnist
cnn-fashion-mnist --seed 1`, and with `--seed 2`.

The extractors of letters and drawn faces have [a page of their own](art-extractors.md).
"""


if __name__ == "__main__":
    main()
