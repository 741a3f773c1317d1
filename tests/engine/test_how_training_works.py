"""docs/how-training-works.md quotes the engine as it is."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from ganzoo.engine import passes, train, turns

PAGE = Path(__file__).parents[2] / "docs" / "how-training-works.md"
QUOTED = (
    turns.step,
    turns.discriminator_turn,
    turns.generator_turn,
    passes.discriminator_pass,
    passes.generator_pass,
    train.play,
)


def test_the_page_quotes_the_turns_word_for_word():
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.S | re.M)
    assert blocks == [inspect.getsource(function) for function in QUOTED]


def test_the_page_names_files_that_exist():
    names = re.findall(r"`([\w/]+\.py)`", PAGE.read_text(encoding="utf-8"))
    root, engine = PAGE.parents[1], PAGE.parents[1] / "ganzoo" / "engine"
    places = (root, engine, root / "ganzoo")
    assert names
    assert not [n for n in names if not any((place / n).is_file() for place in places)]
