"""Put `ganzoo list --markdown` of the official models into README.md, between its two marks."""

from __future__ import annotations

from pathlib import Path

from ganzoo.cards import catalogue
from ganzoo.cli.list import model_table
from ganzoo.files import write_text

START, END = "<!-- models: ganzoo list --markdown -->\n", "<!-- /models -->"
README = Path(__file__).parents[1] / "README.md"

before, _, rest = README.read_text(encoding="utf-8").partition(START)
_, _, after = rest.partition(END)
official = [card for card in catalogue().cards if card.distribution == "ganzoo"]
table = model_table([(card.name, card) for card in official])
write_text(README, f"{before}{START}\n{table}\n\n{END}{after}")
