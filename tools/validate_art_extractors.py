"""Test the extractors of plugins/ganzoo-art on drawings that get worse step by step.

    python tools/validate_art_extractors.py                  # writes docs/art-extractors.md
    python tools/validate_art_extractors.py letters --n 500 --dry     # prints, writes nothing

The script does what tools/validate_extractors.py does for digits, with its ladders of noise, blur
and occlusion: a distance must grow at every step, recall and coverage must fall. It also measures
what noise and blur do to the plugin's own figures.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import torch
from ganzoo_art.extractors import NETWORKS, WEIGHTS, DrawingExtractor, open_weights, read_config
from ganzoo_art.figures import area, attribute_distances, palette_distances, right_letter
from ganzoo_art.figures import style_judge as styles
from ganzoo_art.letters import Letters
from ganzoo_art.portraits import Faces, PixelFaces
from ganzoo_art.sheets import Drawings
from torch import Tensor
from validate_extractors import DISTANCES, LADDERS, SHOWN, Ladder, climb, moments, moves, short

from ganzoo.files import write_text
from ganzoo.measure.features import extract
from ganzoo.measure.figures import feature_figures
from ganzoo.measure.real_statistics import drawn
from ganzoo.measure.references import Reference
from ganzoo.seeds import derive

PAGE = Path(__file__).parents[1] / "docs" / "art-extractors.md"
SETS: Mapping[str, Callable[[str], Drawings]] = {
    "letters": lambda split: Letters(split),
    "pixel-faces": lambda split: PixelFaces(split),
    "faces": lambda split: Faces(split, size=32),
}
USED = {ladder.name: ladder for ladder in LADDERS if ladder.name in ("noise", "blur", "occlusion")}
#: Pixel art is half as wide, so the squares that hide a part of it are too.
SQUARES = {"letters": 1.0, "pixel-faces": 0.5, "faces": 1.0}
FLOORS = (500, 1_000, 2_000, 5_000, 10_000)
DIGITS = {"off the palette (of 255)": 2}


def ladders(name: str) -> Iterator[Ladder]:
    """The ladders of a data set, at its scale."""
    for ladder in USED.values():
        scale = SQUARES[name] if ladder.name == "occlusion" else 1.0
        levels = tuple(scale * level for level in ladder.levels)
        yield Ladder(ladder.name, ladder.worsen, levels, ladder.falls, ladder.unit)


def network(name: str) -> DrawingExtractor:
    """An extractor by its config."""
    return open_weights(NETWORKS[read_config(WEIGHTS / name)["network"]["name"]], name)


def _floor(extractor: DrawingExtractor, images: Tensor, real: Reference) -> float:
    """The Fréchet distance of real training images."""
    return feature_figures(extract(extractor, [images], "floor"), real)["fd"]


def tried(extractor: DrawingExtractor, name: str, data: tuple[Drawings, Drawings], n: int) -> str:
    """The section for one extractor: its ladders, its floor, and what is not in order."""
    train, test = data
    config, real = read_config(WEIGHTS / extractor.name), moments(extractor, test)
    images, _ = train.batch(drawn(train, n))
    nothing = torch.empty(0)
    rows, wrong = [], []
    for ladder in ladders(name):
        figures = list(climb(ladder, extractor, real, images, nothing))
        cells = (" → ".join(short(row[key]) for row in figures) for key in SHOWN)
        levels = ", ".join(f"{level:g}" for level in ladder.levels)
        rows.append(f"| {ladder.name} | {levels} {ladder.unit} | {' | '.join(cells)} |")
        wrong += [
            f"{ladder.name}: {key} goes " + ", ".join(short(row[key]) for row in figures)
            for key in (*DISTANCES, *ladder.falls)
            if not moves(key, [row[key] for row in figures])
        ]
        print(f"  {extractor.name}, {ladder.name}", flush=True)
    order = drawn(train, max(FLOORS))
    floors = (
        f"{short(_floor(extractor, train.batch(order[:size])[0], real))} at {size:,}"
        for size in FLOORS
    )
    reached = ", ".join(f"{key.replace('_', ' ')} {v:g}" for key, v in config["figures"].items())
    misplaced = "; ".join(wrong)
    return "\n".join(
        [
            f"### {extractor.name}",
            "",
            f"{config['parameters']:,} parameters, {config['file']['bytes']:,} bytes; on the test "
            f"drawings: {reached}.",
            "",
            "| ladder | levels | " + " | ".join(SHOWN) + " |",
            "|---|---" + "|---" * len(SHOWN) + "|",
            *rows,
            "",
            f"Floor of FD (real training drawings): {', '.join(floors)}.",
            "",
            f"**Not in order:** {misplaced}." if wrong else "Every figure moves as it must.",
            "",
        ]
    )


# --- The plugin's own figures -------------------------------------------------------------------


@torch.no_grad()
def own_figures(name: str, test: Drawings, n: int) -> str:
    """What noise and blur do to a data set's own figures, measured on test drawings."""
    rows = torch.arange(len(test) if name == "letters" else n)  # fonts are in their names' order
    images, labels = test.batch(rows)
    lines = []
    for ladder in [one for one in ladders(name) if one.name != "occlusion"]:
        series: dict[str, list[float]] = {}
        for level in (None, *ladder.levels):
            rng = torch.Generator().manual_seed(derive("validation", ladder.name))
            shown = images if level is None else ladder.worsen(images, images, level, rng)
            for key, value in figures_of(name, shown, labels).items():
                series.setdefault(key, []).append(value)
        lines += [
            f"| {ladder.name} | {key} | "
            + " → ".join(f"{value:.{DIGITS.get(key, 3)}f}" for value in values)
            + f" | {'yes' if monotone(values) else 'no'} |"
            for key, values in series.items()
        ]
    head = ["| ladder | figure | untouched → worst | monotonic |", "|---|---|---|---|"]
    return "\n".join([*head, *lines, ""])


def figures_of(name: str, shown: Tensor, labels: Tensor | None) -> dict[str, float]:
    """The figures of worsened drawings, by name."""
    if name == "letters":
        assert labels is not None
        directions = torch.cat([styles().directions(some) for some in shown.split(500)])
        fonts = directions.unflatten(0, (-1, 26))
        same = (fonts * fonts.roll(7, 1)).sum(2).flatten()
        apart = (fonts * fonts.roll(7, 1).roll(len(fonts) // 2, 0)).sum(2).flatten()
        return {
            "right letter": right_letter(shown.split(500), labels),
            "judged one font: pairs from one font": float(
                (same >= styles().threshold).double().mean()
            ),
            "judged one font: pairs from two fonts": float(
                (apart >= styles().threshold).double().mean()
            ),
            "area under the curve of the two": area(same, apart),
        }
    distances = attribute_distances(f"cnn-{name}", shown.split(500))
    figures = {f"attribute shares, worst of {len(distances)}": max(distances.values())}
    if name == "pixel-faces":
        off = palette_distances(shown).mean()
        figures["off the palette (of 255)"] = float(off)
    return figures


def monotone(values: list[float]) -> bool:
    """Whether the values only rise or only fall."""
    steps = [later - earlier for earlier, later in pairwise(values)]
    return all(step >= 0 for step in steps) or all(step <= 0 for step in steps)


def section(name: str, n: int) -> str:
    """The section for one data set."""
    data = SETS[name]("train"), SETS[name]("test")
    sections = [tried(network(f"{kind}-{name}"), name, data, n) for kind in ("cnn", "ae")]
    if name == "letters":
        sections.append(tried(network("style-letters"), name, data, n))
    own = "\n".join(["### The data set's own figures", "", own_figures(name, data[1], n)])
    return "\n".join([f"## {name}", "", *sections, own])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="data sets; default: all")
    parser.add_argument("--n", type=int, default=2_000, help="drawings of each worsened set")
    parser.add_argument("--dry", action="store_true", help="print, and write nothing")
    options = parser.parse_args()
    if unknown := set(options.names) - SETS.keys():
        parser.error(f"no data set {sorted(unknown)[0]!r}; there are {', '.join(SETS)}")
    torch.set_num_threads(1)
    sections = [section(name, options.n) for name in options.names or SETS]
    text = INTRODUCTION.format(count=options.n, n=f"{options.n:,}") + "\n" + "\n".join(sections)
    if options.dry or options.names:
        sys.stdout.write(text)
    else:
        write_text(PAGE, text.rstrip() + "\n")


INTRODUCTION = """# The extractors of drawings, tested

<!-- written by `python tools/validate_art_extractors.py --n {count}`; it takes minutes -->

`ganzoo-art` brings its own extractors. Each is a small encoder with 64 features of mean 0 and
variance 1, trained on the training drawings alone by `tools/train_art_extractors.py`.

| extractor | input | it learned | it cannot see |
|---|---|---|---|
| `cnn-letters` | [1, 32, 32] | which letter it is | whether two letters belong together |
| `style-letters` | [1, 32, 32] | which two letters belong to one font | which letter it is |
| `cnn-pixel-faces` | 16x16; 32 and more by means | all 17 attributes | noise in an enlarged pixel |
| `cnn-faces` | 32x32; 64 and more by means | all 10 attributes | what only 64 pixels show |
| `ae-*` | as `cnn-*` | to draw its input again | it is the control, which never saw a label |

`cnn-faces:glasses` is `cnn-faces` with the scores of `glasses` as its `logits`; without a name,
those of `hair`. `outputs()` publishes all of them as `attribute:NAME`. Faces of 64 pixels are
measured as their means at 32, so that one extractor and one scale serve both sizes. A figure at 64
pixels therefore says nothing about the finest lines.

`style-letters` takes noise and blur for a style: under either, it judges pairs from two fonts as
one font nearly as often as pairs from one. A model whose letters are all a little blurred gains by
that in `one-style` and loses in `style-area`, so read the two beside each other.

Below, {n} training drawings are made worse step by step and measured against all test drawings, as
on [the page for digits](extractors.md). Distances must rise at every step. Recall and coverage
must fall under noise and blur; precision, density and coverage under occlusion. The squares that
hide a part of pixel art are half as wide. Floors of FD are the values of real training drawings.
The data sets' own figures are measured on all test letters and on {n} test portraits, so their
first number is the floor.
"""


if __name__ == "__main__":
    main()
