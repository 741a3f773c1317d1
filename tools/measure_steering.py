"""Measure how well models are steered, and write docs/steering-measured.md.

    python tools/measure_steering.py tools/zoo_jobs/started/stylegan2-faces/ runs/faces
    python tools/measure_steering.py stylegan2-faces --faces 10 --dry       # prints, writes nothing

For each model: what directions by attribute do, to their own attribute and to the others; what the
removal of units does to the same attributes; and how close inversion comes to pictures of the test
split. The extractor of the model's data set judges. All of it is of the model's own seeds, so that
equal commands give equal numbers, but for the seconds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

import ganzoo
from ganzoo.data.splits import test_samples
from ganzoo.files import write_text
from ganzoo.hardware import hardware
from ganzoo.latent import Measured, directions, dissect, invert, measure
from ganzoo.latent.dissecting import Dissection
from ganzoo.latent.effects import MEASURED, as_rows, percent
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
  other attributes and of both ends; and the attribute where it does so most.
- **Units** are ranked by their single effects on 64 samples of seed 0, and the first ones removed
  together (set to zero) from 64 others.
- **Inversion** searches for test pictures, which no training saw, with 4 starts and 200 steps.
"""


def section(what: str, faces: int) -> Iterator[str]:
    """A model's part of the page."""
    model = ganzoo.load(what)
    config = model.card.require_config()
    height, width = model.generator.sample_shape[1:]
    trained = 0 if config.provenance is None else config.provenance.images
    yield f"\n## {model.card.name}, {height}x{width}\n"
    yield f"`{what}`, {config.generator.name}{'' if not trained else f', {trained:,} images'}.\n"
    found = directions(model, DIRECTIONS, by="attribute")
    effects = measure(model, found, reach=REACH)
    yield f"### Directions by attribute\n\n{markdown(*as_rows(effects))}\n"
    yield from units(model, effects)
    yield from inversion(model, faces)


def units(model: Model, effects: Sequence[Measured]) -> Iterator[str]:
    """What the removal of units does, beside what directions do to the same attributes."""
    found = dissect(model)
    layer = found.layer
    yield f"### Units of {layer.name} ({layer.units}, {layer.height}x{layer.width})\n"
    yield f"{markdown(*unit_rows(found))}\n"
    names = sorted({one.property for one in effects})
    both = dissect(model, of=names)
    yield f"The same for what the directions are named after:\n\n{markdown(*unit_rows(both))}\n"


def unit_rows(found: Dissection) -> tuple[list[str], list[list[str]]]:
    """The table of a dissection."""
    rows = [
        [
            cause.name,
            percent(cause.effect.had),
            str(cause.best),
            percent(cause.effect.lost),
            percent(cause.effect.others),
            f"{cause.effect.most_moved or '-'} {percent(cause.effect.most)}",
        ]
        for cause in found.causes
    ]
    return ["PROPERTY", "HAVE IT", "UNITS REMOVED", "LOSE IT", "OTHERS CHANGE", "MOST"], rows


def inversion(model: Model, faces: int) -> Iterator[str]:
    """PSNR and seconds over pictures of the test split."""
    data = test_samples(model.card.require_config().recipe.data)
    images, labels = data.batch(torch.arange(faces))
    given = labels if model.generator.num_classes is not None else None
    began, used = time.monotonic(), time.process_time()
    psnr = invert(model, images, labels=given).psnr
    seconds, used = time.monotonic() - began, time.process_time() - used
    yield "### Inversion\n"
    yield (
        f"{faces} test pictures: PSNR {psnr.mean():.2f} dB (standard deviation {psnr.std():.2f}, "
        f"from {psnr.min():.2f} to {psnr.max():.2f}); {used / faces:.1f} s of processor time a "
        f"picture, {seconds / faces:.1f} s by the clock, beside other work "
        f"({hardware(torch.device('cpu'))}, {torch.get_num_threads()} threads).\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="+", help="models whose data set's extractor sees attributes")
    parser.add_argument("--faces", type=int, default=100, help="test pictures to invert")
    parser.add_argument("--dry", action="store_true", help="print the page, write nothing")
    asked = parser.parse_args()
    arguments = " ".join([*asked.what, "--faces", str(asked.faces)])
    lines = [HEAD.format(arguments=arguments, reach=REACH, measured=MEASURED)]
    for what in asked.what:
        for line in section(what, asked.faces):
            print(line, flush=True)
            lines.append(line)
    if not asked.dry:
        write_text(PAGE, "\n".join(lines))


if __name__ == "__main__":
    main()
