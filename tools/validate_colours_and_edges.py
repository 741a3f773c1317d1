"""Test the extractor without weights on pictures that get worse step by step.

    python tools/validate_colours_and_edges.py            # prints the table of docs/measuring.md

The script does what tools/validate_extractors.py does for digits, with its ladders, on coloured
drawings of plugins/ganzoo-art: a distance must grow at every step, shares must fall.
"""

from __future__ import annotations

import argparse

import torch
from ganzoo_art.portraits import Faces
from validate_extractors import (
    DISTANCES,
    LADDERS,
    Ladder,
    climb,
    less_variety,
    moments,
    moves,
    short,
)

from ganzoo.extractors import open_extractor
from ganzoo.measure.real_statistics import drawn

FEWER = Ladder("fewer pictures", less_variety, (300, 100, 30, 10), ("recall", "coverage"), "left")
USED = (*(one for one in LADDERS if one.name in ("noise", "blur", "occlusion", "swirl")), FEWER)
SHOWN = ("fd", "kd", "precision", "recall", "coverage")


def main() -> None:
    """Climb the ladders, and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ladders", nargs="*", help="some of the ladders, by name")
    parser.add_argument("--n", type=int, default=1_000)
    options = parser.parse_args()
    count, wanted = options.n, options.ladders
    extractor, train = open_extractor("colours-and-edges"), Faces("train")
    real = moments(extractor, Faces("test"))
    images, _ = train.batch(drawn(train, count))
    print("| ladder | levels | " + " | ".join(SHOWN) + " | moves as it must |")
    print("|---|---|" + "---|" * (len(SHOWN) + 1))
    for ladder in [one for one in USED if not wanted or one.name in wanted]:
        rows = list(climb(ladder, extractor, real, images, torch.zeros(count)))
        cells = (" → ".join(short(row[key]) for row in rows) for key in SHOWN)
        wrong = [
            key for key in (*DISTANCES, *ladder.falls) if not moves(key, [row[key] for row in rows])
        ]
        levels = ", ".join(f"{level:g}" for level in ladder.levels)
        said = f"not {', '.join(wrong)}" if wrong else "yes"
        print(f"| {ladder.name} | {levels} {ladder.unit} | {' | '.join(cells)} | {said} |")


if __name__ == "__main__":
    main()
