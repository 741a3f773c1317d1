"""Model folders as cards: finding them, by name or path, and saying whether they can be used."""

from ganzoo.cards.card import Card
from ganzoo.cards.catalogue import Catalogue
from ganzoo.cards.installed import catalogue, using

__all__ = ["Card", "Catalogue", "catalogue", "using"]
