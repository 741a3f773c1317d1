"""Measure how well models are steered, and write docs/steering-measured.md.

    python tools/measure_steering.py stylegan2-faces stylegan2-pixel-faces
    python tools/measure_steering.py stylegan2-faces --faces 10 --dry       # prints, writes nothing

For each model: what directions by attribute do, to their own attribute and to the others; what the
removal of units does to the same attributes; and how close inversion comes to pictures of the test
split. The extractor of the model's data set judges. All of it is of the model's own seeds, so that
equal commands give equal numbers, but for the seconds.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch.nn.functional import normalize

import ganzoo
from ganzoo.data.splits import test_samples
from ganzoo.files import write_text
from ganzoo.hardware import hardware
from ganzoo.interfaces import StyleGenerator
from ganzoo.latent import Directions, Measured, directions, dissect, invert, measure
from ganzoo.latent.directions import points_of, width_of
from ganzoo.latent.effects import MEASURED, as_rows, percent
from ganzoo.latent.files import fingerprint
from ganzoo.latent.finding import STYLES
from ganzoo.latent.inverting import TOGETHER
from ganzoo.terminal import markdown
from ganzoo.zoo import Model

PAGE = Path(__file__).parents[1] / "docs" / "steering-measured.md"
#: Standard deviations to which directions are followed, and directions of a table.
REACH, DIRECTIONS = 2.0, 12
HEAD = """# Steering, measured

<!-- written by `python tools/measure_steering.py` -->

How surely [directions](steering.md#directions-and-edits) and the [removal of
units](steering.md#units) move what they are named after, how much else they move, and how close
[inversion](steering.md#invert) comes. The extractor of each model's data set judges, with [its own
errors](art-extractors.md). Written by

```sh
python tools/measure_steering.py {arguments}
```

- **Directions by attribute** were found with seed 0 (4,096 samples) and followed by {reach:g}
  standard deviations, from {measured} samples of seed 1. *Gain at +*: of the samples without it,
  the share that the judge gives it at the positive end. *Lose at -*: of those with it, the share
  that loses it at the negative end. *Probability*: its mean change at both ends. *Others change*:
  the share of samples for which the judge changes its mind about another attribute, the mean of all
  other attributes and of both ends; and the attribute where it does so most. The last row is a
  random direction, followed as far: the judge changes its mind then too, most of all about
  attributes of many values that the model draws badly.
- **Units** are ranked by their single effects on 64 samples of seed 0, and the first ones removed
  together (set to zero) from 64 others: what is lost, what else changes, and beside it what the
  negative end of the direction does.
- **Inversion** searches for test pictures, which no training saw, with 4 starts and 200 steps.
"""


def section(what: str, faces: int, keep: Path | None) -> Iterator[str]:
    """A model's part of the page."""
    model = ganzoo.load(what)
    config = model.card.require_config()
    height, width = model.generator.sample_shape[1:]
    images = 0 if config.provenance is None else config.provenance.images
    trained = f", {images:,} images" if images else ""
    yield f"## {model.card.name}, {height}x{width}\n"
    yield f"{config.generator.name}{trained}, sha256 {fingerprint(model)[:12]}.\n"
    found = directions(model, DIRECTIONS, by="attribute")
    effects = measure(model, found, reach=REACH)
    header, rows = as_rows([*effects, *measure(model, control(model), reach=REACH)])
    yield f"### Directions by attribute\n\n{markdown(header, rows)}\n"
    yield from units(model, effects)
    yield from inversion(model, faces, keep)


def control(model: Model) -> Directions:
    """A random direction, as far as any other: how much changes anyway."""
    rng = torch.Generator().manual_seed(0)
    vector = normalize(torch.randn(1, width_of(model), generator=rng), dim=1)
    sigma = (points_of(model, STYLES, 0, None) @ vector.double().T).std(0).float()
    in_styles = isinstance(model.generator, StyleGenerator)
    return Directions(("(random)",), vector, sigma, in_styles, "pca", fingerprint(model))


def units(model: Model, effects: Sequence[Measured]) -> Iterator[str]:
    """What the removal of units does, beside what directions do to the same attributes."""
    found = dissect(model, of=[one.property for one in effects])
    layer = found.layer
    yield f"### Units of {layer.name} ({layer.units}, {layer.height}x{layer.width})\n"
    rows = [
        [
            cause.name,
            f"{found.count(cause)} of {found.samples}",
            str(cause.best),
            percent(cause.effect.lost),
            percent(cause.effect.others),
            f"{cause.effect.most_moved or '-'} {percent(cause.effect.most)}",
            percent(one.down.lost),
            percent(one.down.others),
        ]
        for cause, one in zip(found.causes, effects, strict=True)
    ]
    header = [
        "PROPERTY",
        "HAVE IT",
        "UNITS",
        "LOSE IT",
        "OTHERS CHANGE",
        "MOST",
        "BY DIRECTION",
        "OTHERS",
    ]
    yield f"{markdown(header, rows)}\n"


def inversion(model: Model, faces: int, keep: Path | None) -> Iterator[str]:
    """PSNR and seconds over pictures of the test split; a file keeps what is done."""
    data = test_samples(model.card.require_config().recipe.data)
    psnr, seconds = kept(keep, model)
    for first in range(len(psnr), faces, TOGETHER):
        images, labels = data.batch(torch.arange(first, min(first + TOGETHER, faces)))
        given = labels if model.generator.num_classes is not None else None
        began = time.process_time()
        psnr += invert(model, images, labels=given).psnr.tolist()
        seconds += time.process_time() - began
        print(f"{len(psnr)} of {faces} pictures", file=sys.stderr, flush=True)
        if keep is not None:
            done = {"model": fingerprint(model), "psnr": psnr, "seconds": seconds}
            write_text(keep, json.dumps(done))
    values = torch.tensor(psnr[:faces])
    yield "### Inversion\n"
    yield (
        f"{len(values)} test pictures: PSNR {values.mean():.2f} dB (standard deviation "
        f"{values.std():.2f}, from {values.min():.2f} to {values.max():.2f}); "
        f"{seconds / len(psnr):.1f} s of processor time a picture "
        f"({hardware(torch.device('cpu'))}, {torch.get_num_threads()} threads, other work beside "
        "it).\n"
    )


def kept(keep: Path | None, model: Model) -> tuple[list[float], float]:
    """What an earlier call of the same model has done."""
    if keep is not None and keep.is_file():
        done = json.loads(keep.read_text())
        if done["model"] == fingerprint(model):
            return done["psnr"], done["seconds"]
    return [], 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="+", help="models whose data set's extractor sees attributes")
    parser.add_argument("--faces", type=int, default=100, help="test pictures to invert")
    parser.add_argument("--keep", type=Path, help="a file that keeps pictures inverted so far")
    parser.add_argument("--dry", action="store_true", help="print the page, write nothing")
    asked = parser.parse_args()
    arguments = " ".join([*asked.what, "--faces", str(asked.faces)])
    lines = [HEAD.format(arguments=arguments, reach=REACH, measured=MEASURED)]
    for what in asked.what:
        for line in section(what, asked.faces, asked.keep):
            print(line, flush=True)
            lines.append(line)
    if not asked.dry:
        write_text(PAGE, "\n".join(lines))


if __name__ == "__main__":
    main()
