"""Model folders as cards: found by name or path, with what they lack to be used."""

from ganzoo.cards.card import Card
from ganzoo.cards.catalogue import Catalogue
from ganzoo.cards.installed import catalogue, using

__all__ = ["Card", "Catalogue", "catalogue", "using"]
