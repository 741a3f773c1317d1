"""Write the family of each font in ganzoo-art's letters, so that a split leaks nothing.

    python tools/make_letter_families.py

A family is a font's name up to its first hyphen or digit (digits in front count as letters). Two
families are joined if the name of one begins with the other's (five letters or more), if two of
their glyphs are the same picture, or if two of their alphabets are nearly alike: their squared
pixel distance is less than NEAR times the squared norm of the lighter one. Fonts that draw no
letters belong to no family. A joined family has the name of its first member. The test split takes
families in the order of their names' hashes until they hold a tenth of the fonts.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations

import torch
from ganzoo_art.letters import FOLDER, LETTERS, SIDE, read
from ganzoo_art.sheets import TEST_SHARE, lot, read_sheets
from torch import Tensor

#: Squared pixel distance of two alphabets by the smaller squared norm. The pairs below are clones
#: and neighbouring weights (Times and TeX Gyre Termes, 0.057). From 0.07 on, designs that only
#: share a kind (Source Sans and Mukta) join, and soon a third of all sans serifs form one family.
NEAR = 0.06
SHORTEST = 5
WITHOUT_LETTERS = {
    "90stars.ttf": "stars",
    "FeFlow2.otf": "ornaments",
    "FourierOrns-Regular.otf": "ornaments",
    "QTDingBits.otf": "stars",
    "SVRsymbols.otf": "symbols of physics, three cells empty",
    "bitbttf.ttf": "blocks",
    "drmgrk10.otf": "Greek letters",
    "entlayrb.ttf": "one layer of two: half of each letter",
    "fauxsnow.ttf": "snowflakes",
    "hdmaker.ttf": "eyes",
    "lineding.ttf": "lines",
    "smfpb10.otf": "flag semaphore",
    "smfpbsl10.otf": "flag semaphore",
    "smfpr10.otf": "flag semaphore",
    "smfpsl10.otf": "flag semaphore",
    "smfptt10.otf": "flag semaphore",
    "symmetry.ttf": "ornaments",
}


def own_family(font: str) -> str:
    """`FiraSans-BoldItalic.otf` -> `FiraSans`; `8bitlim.ttf` -> `8bitlim`."""
    match = re.match(r"\d*[^-\d]*", font.rpartition(".")[0])
    assert match is not None
    return match.group()


def by_name(families: list[str]) -> Iterator[tuple[str, str]]:
    """Pairs in which one name begins with the other, ignoring case."""
    for one, other in combinations(sorted(set(families), key=len), 2):
        if len(one) >= SHORTEST and other.lower().startswith(one.lower()):
            yield one, other


def by_glyph(families: list[str], glyphs: Tensor) -> Iterator[tuple[str, str]]:
    """Pairs with the same picture in both: glyphs uint8 [fonts, 26, pixels]."""
    seen: dict[bytes, str] = {}
    for family, alphabet in zip(families, glyphs, strict=True):
        for glyph in alphabet:
            yield seen.setdefault(glyph.numpy().tobytes(), family), family


def by_alphabet(families: list[str], glyphs: Tensor) -> Iterator[tuple[str, str]]:
    """Pairs in which two alphabets are nearly alike."""
    flat = glyphs.flatten(1).float().div_(255)
    weights = flat.square().sum(1)
    apart = weights[:, None] + weights - 2 * flat @ flat.T
    near = apart < NEAR * torch.minimum(weights[:, None], weights)
    for one, other in near.nonzero().tolist():
        yield families[one], families[other]


def joined(families: list[str], pairs: Iterator[tuple[str, str]]) -> dict[str, str]:
    """Each family's joined name: the first among all that it is connected with."""
    name = {family: family for family in families}

    def first(family: str) -> str:
        while name[family] != family:
            family = name[family]
        return family

    for one, other in pairs:
        low, high = sorted((first(one), first(other)))
        name[high] = low
    return {family: first(family) for family in families}


def tested(fonts: Mapping[str, int]) -> list[str]:
    """The families of the test split, from the number of fonts in each."""
    chosen: list[str] = []
    for family in sorted(fonts, key=lot):
        if sum(map(fonts.__getitem__, chosen)) >= TEST_SHARE * sum(fonts.values()):
            break
        chosen.append(family)
    return sorted(chosen)


def main() -> None:
    fonts = read("fonts.json")["fonts"]
    lettered = torch.tensor([font not in WITHOUT_LETTERS for font in fonts])
    wanted = lettered.repeat_interleave(len(LETTERS))
    cells = read_sheets(FOLDER, SIDE, 1, wanted, SIDE)
    glyphs = cells.view(-1, len(LETTERS), SIDE * SIDE)
    kept = [font for font in fonts if font not in WITHOUT_LETTERS]
    families = [own_family(font) for font in kept]

    def pairs() -> Iterator[tuple[str, str]]:
        yield from by_name(families)
        yield from by_glyph(families, glyphs)
        yield from by_alphabet(families, glyphs)

    name = joined(families, pairs())
    record = {
        "about": "written by tools/make_letter_families.py, whose docstring has the rule",
        "families": {font: name[family] for font, family in zip(kept, families, strict=True)},
        "test": tested(Counter(name[family] for family in families)),
        "without_letters": WITHOUT_LETTERS,
    }
    text = json.dumps(record, indent=1, ensure_ascii=False)
    (FOLDER / "families.json").write_text(text + "\n", encoding="utf-8")
    print(f"{len(kept)} fonts, {len(set(families))} names, {len(set(name.values()))} families")


if __name__ == "__main__":
    main()
