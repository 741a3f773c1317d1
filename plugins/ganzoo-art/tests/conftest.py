"""Each sheet is decoded once for all tests: that takes a tenth of a second, hundreds of times."""

from __future__ import annotations

from functools import cache

from ganzoo_art import sheets

sheets._cells = cache(sheets._cells)
