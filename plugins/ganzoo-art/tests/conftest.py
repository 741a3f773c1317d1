"""Sheets are decoded once for all tests: each takes a tenth of a second, and tests open hundreds."""

from __future__ import annotations

from functools import cache

from ganzoo_art import sheets

sheets._cells = cache(sheets._cells)
